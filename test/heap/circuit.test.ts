import { createCircuit } from '../../lib/heap/circuit.ts';

const policy = { failures: 3, openMs: 1000 };

test('opens after failures in a row, probes when the time is over, and closes on success', () => {
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

test('a success in between starts the count anew', () => {
  const circuit = createCircuit(policy);
  for (let round = 0; round < 5; round += 1) {
    circuit.failed(0);
    circuit.failed(0);
    circuit.succeeded();
  }
  expect(circuit.state(0)).toBe('closed');
});
