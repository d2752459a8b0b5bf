import { isArray, isObject, valueAt, type JsonObject } from '../../lib/json.ts';

/** Limits of AWS that are in no schema. */
const MOST = {
  variablesBytes: 4096,
  queueName: 80,
  alarmName: 255,
  inlinePolicyCharacters: 10_240,
  parameterBytes: 4096,
};

/** What of a resolved template AWS would refuse. */
export function brokenLimits(resources: JsonObject): readonly string[] {
  return Object.entries(resources).flatMap(([name, resource]) => {
    const properties = valueAt(resource, ['Properties']);
    if (!isObject(properties)) return [];
    return problemsOf(String(valueAt(resource, ['Type'])), properties, resources).map(
      (problem) => `${name}: ${problem}`,
    );
  });
}

function problemsOf(type: string, properties: JsonObject, resources: JsonObject): readonly string[] {
  switch (type) {
    case 'AWS::Lambda::Function':
      return functionProblems(properties);
    case 'AWS::SQS::Queue':
      return queueProblems(properties);
    case 'AWS::Lambda::EventSourceMapping':
      return mappingProblems(properties, resources);
    case 'AWS::IAM::Role': {
      const characters = JSON.stringify(properties['Policies']).length;
      return characters > MOST.inlinePolicyCharacters ? [`policies with ${characters} characters`] : [];
    }
    case 'AWS::CloudFormation::Stack':
      return Object.entries(Object(properties['Parameters'])).flatMap(([name, value]) =>
        Buffer.byteLength(String(value)) > MOST.parameterBytes ? [`the parameter ${name} is too long`] : [],
      );
    case 'AWS::Events::Rule':
      return JSON.stringify(properties['Targets']).includes('.fifo') ? ['a FIFO target needs a message group'] : [];
    default:
      return [];
  }
}

function functionProblems(properties: JsonObject): readonly string[] {
  const variables = Object.entries(Object(valueAt(properties, ['Environment', 'Variables'])));
  const bytes = variables.reduce((sum, [name, value]) => sum + Buffer.byteLength(name + String(value)), 0);
  const reserved = variables.map(([name]) => name).filter((name) => /^AWS_(?!ENDPOINT_URL)/.test(name));
  return [
    ...(bytes > MOST.variablesBytes ? [`variables of ${bytes} bytes`] : []),
    ...reserved.map((name) => `the variable ${name} is Lambda's own`),
  ];
}

function queueProblems(properties: JsonObject): readonly string[] {
  const { QueueName: name, FifoQueue: isFifo, RedrivePolicy: redrive, RedriveAllowPolicy: allowed } = properties;
  const sources = valueAt(allowed, ['sourceQueueArns']);
  return [
    ...(typeof name === 'string' && name.length > MOST.queueName ? [`a name of ${name.length} characters`] : []),
    ...(typeof name === 'string' && name.endsWith('.fifo') !== (isFifo === true)
      ? ['FIFO by name or by property']
      : []),
    ...(isArray(sources) && sources.some((source) => String(source).endsWith('.fifo') !== (isFifo === true))
      ? ['a dead-letter queue of another kind than its queue']
      : []),
    ...(Number(valueAt(redrive, ['maxReceiveCount']) ?? 1) > 1000 ? ['maxReceiveCount over 1000'] : []),
  ];
}

function mappingProblems(properties: JsonObject, resources: JsonObject): readonly string[] {
  const { BatchSize: size, MaximumBatchingWindowInSeconds: window, EventSourceArn: source } = properties;
  const isFifo = String(source).endsWith('.fifo') || valueAt(resources, ['Queue', 'Properties', 'FifoQueue']) === true;
  const functions = Object.values(resources).filter((one) => valueAt(one, ['Type']) === 'AWS::Lambda::Function');
  const timeout = Math.max(...functions.map((one) => Number(valueAt(one, ['Properties', 'Timeout']))));
  const visibility = Number(valueAt(resources, ['Queue', 'Properties', 'VisibilityTimeout']) ?? 420);
  return [
    ...(isFifo && Number(size) > 10 ? ['a FIFO batch of more than 10'] : []),
    ...(isFifo && window !== undefined ? ['a batching window on a FIFO queue'] : []),
    ...(!isFifo && Number(size) > 10 && Number(window ?? 0) < 1 ? ['a large batch without a batching window'] : []),
    ...(visibility < 6 * timeout + Number(window ?? 0) ? ['a visibility timeout below six times the timeout'] : []),
  ];
}
