//! What byway says about itself, taken apart: `status`, `why` and `log`, each as JSON.

use serde_json::Value;

/// A facet of a service in `byway status --json`.
pub(crate) fn facet<'a>(status: &'a Value, service: &str, facet: &str) -> &'a Value {
    let services = status["services"].as_array().unwrap();
    let service = services.iter().find(|line| line["id"] == service).unwrap();
    service["facets"].as_array().unwrap().iter().find(|line| line["facet"] == facet).unwrap_or(&Value::Null)
}

/// One way of a facet there.
pub(crate) fn way<'a>(status: &'a Value, service: &str, facet: &str, way: &str) -> &'a Value {
    let ways = self::facet(status, service, facet)["ways"].as_array();
    ways.and_then(|ways| ways.iter().find(|cell| cell["transport"] == way)).unwrap_or(&Value::Null)
}

/// The technique a verdict names: `blocked(how)` or `degraded(how)`.
pub(crate) fn technique(line: &Value) -> Option<&str> {
    line["verdict"]["how"].as_str()
}

/// Every technique that any way of any service is blocked or degraded by.
pub(crate) fn blamed(status: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for service in status["services"].as_array().unwrap() {
        for facet in service["facets"].as_array().unwrap() {
            for way in facet["ways"].as_array().unwrap() {
                if let Some(how) = technique(way) {
                    all.push(format!("{}/{} {} {how}", service["id"], facet["facet"], way["transport"]));
                }
            }
        }
    }
    all
}

/// Every block that `byway log --json` tells: what, on which way, by what, and how sure.
pub(crate) fn verdicts(log: &[Value]) -> Vec<String> {
    let blocks = log.iter().filter(|entry| entry["kind"] == "transition" && entry["to"] == "blocked");
    let words = blocks.map(|entry| {
        let route = &entry["route"];
        let parts = [&route["transport"], &route["l4"], &entry["verdict"]["how"], &entry["confidence"]];
        let [way, l4, how, sure] = parts.map(|part| part.as_str().unwrap_or("?"));
        format!("{}/{} {way} {l4} {how} {sure}", route["service"].as_str().unwrap(), route["facet"].as_str().unwrap())
    });
    words.collect()
}

/// The signs of a route's evidence in `byway why --json`, with their pairs.
pub(crate) fn signs(why: &Value, facet: &str, way: &str) -> Vec<String> {
    let facets = why["facets"].as_array().unwrap();
    let routes =
        facets.iter().filter(|line| line["facet"] == facet).flat_map(|line| line["routes"].as_array().unwrap());
    let lines =
        routes.filter(|route| route["transport"] == way).flat_map(|route| route["evidence"].as_array().unwrap());
    lines.map(|line| line["sign"].as_str().unwrap().to_owned()).collect()
}
