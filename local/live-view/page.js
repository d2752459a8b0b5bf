const ENDINGS = ['delivered', 'filtered', 'dead-lettered', 'waiting'];
const MOST_ROWS = 200;
const CHART_SECONDS = 120;

const byId = (id) => document.getElementById(id);
const eventBox = byId('event');
const refusedBox = byId('refused');
const redriveAll = byId('redrive');

/** The latest passage of each event, by key. */
const known = new Map();
const rows = new Map();
/** Number of events for each ending, by second. */
const seconds = new Map();

async function call(path, given = {}) {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(given) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.problem);
  return answer;
}

function showPassage(passage) {
  const second = Math.floor(Date.parse(passage.at) / 1000);
  const counts = seconds.get(second) ?? {};
  counts[passage.ending] = (counts[passage.ending] ?? 0) + 1;
  seconds.set(second, counts);

  const isNew = !known.has(passage.key);
  known.set(passage.key, passage);
  const row = rows.get(passage.key) ?? document.createElement('li');
  row.className = passage.ending;
  row.replaceChildren(detailsOf(passage));
  if (!isNew) return;
  rows.set(passage.key, row);
  byId('events').prepend(row);
  byId('nothing').hidden = true;
  if (rows.size > MOST_ROWS) {
    const [oldest] = rows.keys();
    rows.get(oldest)?.remove();
    rows.delete(oldest);
  }
}

function detailsOf({ at, name, ending, why, raw, heap }) {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.append(
    element('time', new Date(at).toLocaleTimeString()),
    ' ',
    element('b', ending),
    ` ${name}`,
    why === '' ? '' : ` — ${why}`,
  );
  const sides = document.createElement('div');
  sides.className = 'sides';
  sides.append(
    side('As received', pretty(raw)),
    side(
      ending === 'delivered' ? 'What Heap got' : 'What Heap would get',
      heap === undefined ? 'nothing' : JSON.stringify(heap, null, 2),
    ),
  );
  details.append(summary, sides);
  return details;
}

function side(title, text) {
  const box = document.createElement('div');
  const pre = element('pre', text);
  pre.tabIndex = 0;
  box.append(element('h3', title), pre);
  return box;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function countEndings() {
  const counts = Object.fromEntries(ENDINGS.map((ending) => [ending, 0]));
  for (const { ending } of known.values()) counts[ending] += 1;
  for (const ending of ENDINGS) {
    const shown = document.querySelector(`[data-count="${ending}"]`);
    if (shown !== null) shown.textContent = counts[ending].toLocaleString();
  }
}

function drawChart() {
  const now = Math.floor(Date.now() / 1000);
  for (const second of seconds.keys()) if (second < now - CHART_SECONDS) seconds.delete(second);
  const most = Math.max(
    1,
    ...[...seconds.values()].map((counts) => Object.values(counts).reduce((sum, count) => sum + count, 0)),
  );
  const bars = [...seconds].flatMap(([second, counts]) => {
    let top = 30;
    return ENDINGS.filter((ending) => counts[ending] !== undefined).map((ending) => {
      const height = (28 * counts[ending]) / most;
      top -= height;
      const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      for (const [name, value] of Object.entries({
        x: CHART_SECONDS - 1 - (now - second),
        y: top,
        width: 0.9,
        height,
        class: ending,
        fill: 'currentColor',
      })) {
        bar.setAttribute(name, String(value));
      }
      return bar;
    });
  });
  byId('chart').replaceChildren(...bars);
}

async function showMapping() {
  const event = eventBox.value.trim();
  byId('mapping').textContent = event === '' ? '' : JSON.stringify(await call('/api/preview', { event }), null, 2);
}

async function showDeadLetters() {
  const { count, examples } = await call('/api/dead-letters');
  byId('dead-letter-count').textContent = count === 0 ? '' : `(${count})`;
  redriveAll.disabled = count === 0;
  byId('dead-letters').replaceChildren(
    ...examples.map((deadLetter) => {
      const row = document.createElement('li');
      const button = element('button', 'Send again');
      button.type = 'button';
      button.setAttribute('aria-label', `Send ${deadLetter.event || 'this dead letter'} again`);
      button.addEventListener('click', () => redrive({ id: deadLetter.id }));
      row.append(
        element(
          'span',
          `${deadLetter.event || '(no event)'} — ${deadLetter.reason}${deadLetter.detail === '' ? '' : `: ${deadLetter.detail}`}`,
        ),
        button,
      );
      return row;
    }),
  );
}

async function redrive(which) {
  byId('redriven').textContent = 'sending …';
  const { sent } = await call('/api/redrive', which);
  byId('redriven').textContent = `${sent} sent again`;
  await showDeadLetters();
}

/** Lists one after the other: a dead letter in flight is invisible to a second reader. */
let listing = Promise.resolve();
function refreshDeadLetters() {
  listing = listing.then(showDeadLetters).catch(() => undefined);
}

function setFault() {
  const chosen = document.querySelector('input[name="fault"]:checked');
  void call('/api/fault', { fault: chosen?.value ?? 'none', refused: refusedBox.value });
}

eventBox.addEventListener('input', () => void showMapping());
byId('send').addEventListener('click', async () => {
  await call('/api/enqueue', { event: eventBox.value });
  byId('sent').textContent = `sent at ${new Date().toLocaleTimeString()}`;
});
redriveAll.addEventListener('click', () => redrive({}));
byId('fault').addEventListener('change', setFault);
refusedBox.addEventListener('change', setFault);

const stream = new EventSource('/api/watch');
stream.addEventListener('open', () => (byId('connection').textContent = 'live'));
stream.addEventListener('error', () => (byId('connection').textContent = 'not connected: is npm run dev running?'));
stream.addEventListener('passages', ({ data }) => {
  const passages = JSON.parse(data);
  for (const passage of passages) showPassage(passage);
  countEndings();
  drawChart();
  if (passages.some(({ ending }) => ending === 'dead-lettered')) refreshDeadLetters();
});
stream.addEventListener('fault', ({ data }) => {
  const { fault, refused } = JSON.parse(data);
  for (const input of document.querySelectorAll('input[name="fault"]')) {
    const choice = input;
    choice.checked = choice.value === fault;
  }
  if (document.activeElement !== refusedBox) refusedBox.value = refused;
});

setInterval(drawChart, 1000);
void showMapping();
refreshDeadLetters();
