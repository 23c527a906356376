// Makes the page live: parts that changed come as events, forms answer without a reload, times are told in the
// reader's own zone. Without it the page still shows and does everything.
'use strict';
(() => {
  const words = document.body.dataset;
  const lang = document.documentElement.lang;
  const said = document.getElementById('said');
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' };
  const hour = new Intl.DateTimeFormat(lang, clock);
  const day = new Intl.DateTimeFormat(lang, { day: 'numeric', month: 'short', ...clock });

  const zoned = (within) => {
    for (const spot of within.querySelectorAll('time[datetime], [data-at]')) {
      const at = new Date(spot.getAttribute('datetime') || spot.dataset.at);
      const today = at.toDateString() === new Date().toDateString();
      spot.textContent = (today ? hour : day).format(at);
    }
  };

  // Puts new content in an element, and the focus and what was unfolded back where they were.
  const replace = (part, html) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : '';
    const open = [...part.querySelectorAll('details[open][id]')].map((details) => details.id);
    part.innerHTML = html;
    zoned(part);
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    // The button that stops a check-up goes with it.
    const instead = part.id === 'doctor' ? document.getElementById('begin-doctor') : null;
    if (focused) (document.getElementById(focused) ?? instead)?.focus();
  };

  const tell = (text, actions = []) => {
    const line = document.createElement('p');
    const span = document.createElement('span');
    span.textContent = text;
    line.append(span);
    for (const [label, act] of actions) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      button.addEventListener('click', act);
      line.append(button);
    }
    said.replaceChildren(line);
  };
  const hush = () => said.replaceChildren();

  const post = async (path, fields, signal) => {
    const answer = await fetch(path, {
      method: 'POST', signal, body: new URLSearchParams(fields), headers: { Accept: 'application/json' },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const use = async (fields) => {
    const done = await post('/use', fields);
    const actions = done.undo ? [[words.undo, () => use(done.undo).catch(lost)]] : [];
    tell(done.words, [...actions, [words.close, hush]]);
  };

  const test = async (fields) => {
    const stop = new AbortController();
    tell(words.testing, [[words.stop, () => stop.abort()]]);
    try {
      const done = await post('/test', fields, stop.signal);
      tell(done.words, [[words.close, hush]]);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      tell(words.stopped, [[words.close, hush]]);
    }
  };

  // The check-up shows itself; only what hinders it is said.
  const doctor = (path) => async (fields) => {
    const done = await post(path, fields);
    for (const [id, html] of Object.entries(done.parts ?? {})) renew(id, html);
    if (done.words) tell(done.words, [[words.close, hush]]);
    else hush();
  };

  const lost = () => tell(words.lost, [[words.close, hush]]);

  document.addEventListener('submit', (event) => {
    const path = event.target.getAttribute('action');
    const act = { '/use': use, '/test': test, '/doctor': doctor('/doctor'), '/doctor/stop': doctor('/doctor/stop') }[path];
    if (!act) return;
    event.preventDefault();
    act(Object.fromEntries(new FormData(event.target))).catch(lost);
  });

  // What the server last said of each part, as the browser writes it.
  const was = new Map([...document.querySelectorAll('[id]')].map((part) => [part.id, part.innerHTML]));
  const normal = (html) => {
    const sheet = document.createElement('template');
    sheet.innerHTML = html;
    return sheet.innerHTML;
  };

  const renew = (id, html) => {
    const part = document.getElementById(id);
    const plain = normal(html);
    if (part && was.get(id) !== plain) replace(part, html);
    was.set(id, plain);
  };

  let silent = false;
  const events = new EventSource(`/events?lang=${lang}&reach=${words.reach}`);
  events.onmessage = (event) => {
    if (silent) hush();
    silent = false;
    for (const [id, html] of Object.entries(JSON.parse(event.data))) renew(id, html);
  };
  events.onerror = () => { if (!silent) lost(); silent = true; };
  window.addEventListener('pagehide', () => events.close());

  document.body.classList.add('zoned');
  zoned(document);
})();
