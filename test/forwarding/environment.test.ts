import { ConfigurationError } from '../../lib/configuration-error.ts';
import { readRuntime } from '../../lib/forwarding/environment.ts';

describe('the environment', () => {
  const urls = { QUEUE_URL: 'https://sqs/q', DEAD_LETTER_QUEUE_URL: 'https://sqs/d' };

  test('has defaults', () => {
    expect(readRuntime({ ...urls, MAX_RECEIVE_COUNT: '', RETRY_HOURS: '', HEAP_BASE_URL: '' })).toEqual({
      queueUrl: 'https://sqs/q',
      deadLetterQueueUrl: 'https://sqs/d',
      retryHours: 48,
      maximumConcurrency: 2,
      heapBaseUrl: undefined,
    });
  });

  test.each([
    [{ ...urls, QUEUE_URL: undefined }, 'QUEUE_URL is missing: an http or https URL'],
    [{ ...urls, DEAD_LETTER_QUEUE_URL: 'queue' }, 'DEAD_LETTER_QUEUE_URL is not an http or https URL'],
    [{ ...urls, RETRY_HOURS: '0' }, 'RETRY_HOURS has to be a whole number from 1 to 144'],
    [{ ...urls, RETRY_HOURS: '145' }, 'RETRY_HOURS has to be a whole number from 1 to 144'],
    [{ ...urls, RETRY_HOURS: '1.5' }, 'RETRY_HOURS has to be a whole number from 1 to 144'],
    [
      { ...urls, MAX_RECEIVE_COUNT: '50' },
      'MAX_RECEIVE_COUNT is no longer used: set RETRY_HOURS, the hours for which a failing event is tried again',
    ],
    [{ ...urls, MAXIMUM_CONCURRENCY: 'two' }, 'MAXIMUM_CONCURRENCY has to be a whole number from 1 to 1000'],
    [{ ...urls, HEAP_BASE_URL: 'ftp://heap' }, 'HEAP_BASE_URL is not an http or https URL'],
  ])('%j is refused: %s', (environment, message) => {
    expect(() => readRuntime(environment)).toThrow(new ConfigurationError(message));
  });

  test('Heap’s URL loses its last slash', () => {
    expect(readRuntime({ ...urls, HEAP_BASE_URL: 'http://127.0.0.1:1/x/' })).toMatchObject({
      heapBaseUrl: 'http://127.0.0.1:1/x',
    });
  });
});
