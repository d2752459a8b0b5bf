import { readRequest } from '../../../lib/ingest/http/request.ts';

test.each([
  [null],
  [undefined],
  [{}],
  ['text'],
  [[]],
  [{ requestContext: null }],
  [{ key1: 'value1' }],
  [{ Records: [] }],
])('%j is no request, and is refused in a sentence', (event: unknown) => {
  // As a person can invoke the function.
  const read: (event: unknown) => unknown = (given) => Reflect.apply(readRequest, undefined, [given]);
  expect(() => read(event)).toThrow(
    new Error(
      'The event has no "requestContext.http": this function takes HTTP requests from API Gateway, in payload format 2.0',
    ),
  );
});
