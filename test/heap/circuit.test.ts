import { CIRCUIT_POLICY, createCircuit } from '../../lib/heap/circuit.ts';

const policy = { failures: 3, openMs: 1000 };

test('a circuit opens after failures in a row, probes when its time is over, and closes on success', () => {
  const circuit = createCircuit(policy);
  circuit.failed(0);
  circuit.failed(0);
  expect(circuit.state(0)).toBe('closed');
  circuit.failed(10);
  expect(circuit.state(10)).toBe('open');
  expect(circuit.state(1009)).toBe('open');
  expect(circuit.state(1010)).toBe('probing');
  circuit.failed(1020);
  expect(circuit.state(1500)).toBe('open');
  expect(circuit.openUntil()).toBe(2020);
  circuit.succeeded();
  expect(circuit.state(1500)).toBe('closed');
});

test('a success resets the count of failures', () => {
  const circuit = createCircuit(policy);
  for (let round = 0; round < 5; round += 1) {
    circuit.failed(0);
    circuit.failed(0);
    circuit.succeeded();
  }
  expect(circuit.state(0)).toBe('closed');
});

test('the policy of the function: four failures open it, for 30 s', () => {
  expect(CIRCUIT_POLICY).toEqual({ failures: 4, openMs: 30_000 });
  const circuit = createCircuit();
  for (let failure = 1; failure <= 4; failure += 1) {
    expect(circuit.state(1000)).toBe('closed');
    circuit.failed(1000);
  }
  expect(circuit.state(30_999)).toBe('open');
  expect(circuit.state(31_000)).toBe('probing');
});
