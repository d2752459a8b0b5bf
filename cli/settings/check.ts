import { resolveTemplate, type ParameterValues } from '../../infra/resolve-template.ts';
import { ConfigurationError } from '../../lib/configuration-error.ts';
import { valueAt, type JsonObject } from '../../lib/json.ts';
import { readSettings, settingKeys, type Settings } from '../../lib/rudderstack/settings.ts';
import { webConfig } from '../../lib/rudderstack/web-config.ts';
import { samParameter, settingsJson } from './sam-words.ts';

/** What a deployment would do with settings and parameters. */
export type StackCheck =
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
  | {
      readonly kind: 'starts';
      readonly settings: Settings;
      /** Keys of the `Config` that the functions do not read. They are not passed on. */
      readonly ignored: readonly string[];
      /** The parameters as the SAM CLI reads them, the settings first. */
      readonly overrides: readonly string[];
    };

/** Lambda allows 4 KB for all variables of a function; test/template.test.ts has what the others take. */
const MOST_SETTINGS_BYTES = 3000;
/** SQS's limit for the name of a queue, with the suffix .fifo. */
const MOST_QUEUE_NAME = 80;

/**
 * Says whether a stack would start with these settings and parameters: with the reader of the functions, and with the
 * constraints and rules of the template.
 *
 * @param config RudderStack's `Config` for Heap
 * @param parameters other parameters of the stack
 * @param name the name of the file that the settings come from, for messages
 */
export function checkStack(
  template: JsonObject,
  config: JsonObject,
  parameters: ParameterValues,
  stackName: string,
  name: string,
): StackCheck {
  const known = settingKeys();
  const read = Object.fromEntries(Object.entries(config).filter(([key]) => known.includes(key)));
  const json = settingsJson(read);
  // All of it, since the functions never see a misspelt key that is left out here.
  const settings = settingsOrProblem(config, name);
  const given = { ...parameters, DestinationConfig: json };
  const problems = [
    ...(typeof settings === 'string' ? [settings] : []),
    ...sizeProblems(json),
    ...stackProblems(template, given, stackName),
  ];
  if (problems.length > 0 || typeof settings === 'string') return { kind: 'refused', problems };
  return {
    kind: 'starts',
    settings: { ...settings, unknownKeys: [] },
    ignored: settings.unknownKeys,
    overrides: [
      samParameter('DestinationConfig', json),
      ...Object.entries(parameters).map(([parameter, value]) => samParameter(parameter, value)),
    ],
  };
}

function settingsOrProblem(config: JsonObject, name: string): Settings | string {
  try {
    const settings = readSettings(config, name);
    // The HTTP endpoint refuses what a browser could not obey.
    webConfig(settings);
    return settings;
  } catch (error) {
    if (error instanceof ConfigurationError) return `${error.message}.`;
    throw error;
  }
}

function sizeProblems(json: string): readonly string[] {
  const bytes = Buffer.byteLength(json);
  if (bytes <= MOST_SETTINGS_BYTES) return [];
  return [
    `The settings have ${bytes} bytes; the functions have room for ${MOST_SETTINGS_BYTES}. Remove what is empty or is its default.`,
  ];
}

function stackProblems(template: JsonObject, parameters: ParameterValues, stackName: string): readonly string[] {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(stackName)) {
    return [`${stackName} is no name for a stack: a letter, then letters, digits and hyphens, at most 128 in all.`];
  }
  const given = { ...parameters, 'AWS::StackName': stackName };
  // Only a deployment knows the ARN of the rule.
  const attributes = { 'EventBusRule.Arn': 'arn:aws:events:region:account:rule/bus/rule' };
  const { refusals, conditions, resources } = resolveTemplate(template, given, attributes);
  const queueName = valueAt(resources, ['Queue', 'Properties', 'QueueName']);
  const nameLength = typeof queueName === 'string' ? queueName.length : 0;
  const tooMany = nameLength - MOST_QUEUE_NAME;
  const isFifo = conditions['ExistingQueueIsFifo'] === true;
  const isFifoBehindAws = isFifo && (conditions['HasEventBus'] === true || conditions['HasSnsTopic'] === true);
  const isFifoBehindLambda = isFifo && conditions['HasLambdaDestination'] === true;
  return [
    ...refusals,
    ...(tooMany > 0
      ? [
          `The name of the stack is too long: that of its queue would have ${nameLength} characters, and SQS allows ${MOST_QUEUE_NAME}. ` +
            `Use at most ${stackName.length - tooMany} characters.`,
        ]
      : []),
    ...(isFifoBehindAws
      ? ['EventBridge and SNS do not set a message group for each user. Use a standard queue with them.']
      : []),
    ...(isFifoBehindLambda
      ? ['Lambda cannot report failed invocations to a FIFO queue. Use a standard queue with LambdaDestination.']
      : []),
  ];
}
