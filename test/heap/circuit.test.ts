import { CIRCUIT_POLICY, createCircuit, type Span } from '../../lib/heap/circuit.ts';

const policy = { failures: 3, openMs: 1000 };
/** An attempt that took no time. */
const at = (now: number): Span => ({ startedAt: now, endedAt: now });

test('a circuit opens after failures in a row, probes when its time is over, and closes on success', () => {
  const circuit = createCircuit(policy);
  circuit.failed(at(0));
  circuit.failed(at(0));
  expect(circuit.state(0)).toBe('closed');
  circuit.failed(at(10));
  expect(circuit.state(10)).toBe('open');
  expect(circuit.state(1009)).toBe('open');
  expect(circuit.state(1010)).toBe('probing');
  circuit.failed(at(1020));
  expect(circuit.state(1500)).toBe('open');
  expect(circuit.openUntil()).toBe(2020);
  circuit.succeeded();
  expect(circuit.state(1500)).toBe('closed');
});

test('a success resets the count of failures', () => {
  const circuit = createCircuit(policy);
  for (let round = 0; round < 5; round += 1) {
    circuit.failed(at(0));
    circuit.failed(at(0));
    circuit.succeeded();
  }
  expect(circuit.state(0)).toBe('closed');
});

test('the policy of the function: twelve failures open it, for 30 s', () => {
  expect(CIRCUIT_POLICY).toEqual({ failures: 12, openMs: 30_000 });
  const circuit = createCircuit();
  for (let failure = 1; failure <= 12; failure += 1) {
    expect(circuit.state(1000)).toBe('closed');
    circuit.failed(at(1000));
  }
  expect(circuit.state(30_999)).toBe('open');
  expect(circuit.state(31_000)).toBe('probing');
});

test('attempts that were under way at the same time count as one failure', () => {
  const circuit = createCircuit(policy);
  for (const startedAt of [0, 100, 200]) {
    for (let attempt = 0; attempt < 8; attempt += 1)
      circuit.failed({ startedAt: startedAt + attempt, endedAt: startedAt + 99 });
    expect(circuit.state(startedAt + 99)).toBe(startedAt < 200 ? 'closed' : 'open');
  }
});

test('attempts that fail while one of those before still runs count: what they began after has failed', () => {
  const circuit = createCircuit(policy);
  circuit.failed({ startedAt: 0, endedAt: 10 });
  circuit.failed({ startedAt: 10, endedAt: 20 });
  circuit.failed({ startedAt: 0, endedAt: 21 });
  expect(circuit.state(21)).toBe('closed');
  circuit.failed({ startedAt: 21, endedAt: 30 });
  expect(circuit.state(30)).toBe('open');
});
