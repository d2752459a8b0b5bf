import { isArray, isObject, valueAt, type JsonObject } from '../lib/json.ts';

/** The values of a template's parameters, those that are left out being their defaults. */
export type ParameterValues = Readonly<Record<string, string>>;

/** What CloudFormation makes of a template with one set of parameters, as far as that can be known without an account. */
export interface ResolvedTemplate {
  /** What CloudFormation refuses before it creates anything, in its own words: parameters and rules. */
  readonly refusals: readonly string[];
  readonly conditions: Readonly<Record<string, boolean>>;
  /** The resources whose conditions are true, with functions replaced by their values. */
  readonly resources: JsonObject;
  readonly outputs: JsonObject;
}

const NO_VALUE = Symbol('AWS::NoValue');

const PSEUDO_PARAMETERS: ParameterValues = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::StackId':
    'arn:aws:cloudformation:eu-central-1:123456789012:stack/rudderstack-heap/1a2b3c4d-0000-11ee-0000-0123456789ab',
  'AWS::StackName': 'rudderstack-heap',
  'AWS::URLSuffix': 'amazonaws.com',
};

/**
 * Evaluates parameters, rules and conditions, and replaces intrinsic functions, as CloudFormation does. What only a deployment
 * knows becomes a text: `<Queue>` for a Ref, `<Queue.Arn>` for a Fn::GetAtt.
 *
 * @param given replaces the defaults of parameters, and pseudo parameters such as AWS::StackName
 * @param attributes what Fn::GetAtt gives, for example for `Queue.Arn`
 * @throws Error if something refers to a resource that is not created, or to a name that does not exist
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function resolveTemplate(
  template: JsonObject,
  given: ParameterValues,
  attributes: ParameterValues = {},
): ResolvedTemplate {
  const parameters = objectAt(template, ['Parameters']);
  const values = { ...PSEUDO_PARAMETERS, ...defaultsOf(parameters), ...given };
  const { resolve, created, conditions } = createResolver(template, values, attributes);
  const holds = (value: unknown): boolean => isTrue(resolve(value));
  const rules = Object.values(objectAt(template, ['Rules'])).flatMap((rule) => failedAssertions(rule, holds));
  return {
    refusals: [...refusedParameters(parameters, given), ...rules],
    conditions: conditions(),
    resources: created('Resources'),
    outputs: created('Outputs'),
  };
}

interface Resolver {
  /** Replaces all intrinsic functions in a value. */
  readonly resolve: (value: unknown) => unknown;
  /** The members of a section whose conditions are true. */
  readonly created: (section: string) => JsonObject;
  readonly conditions: () => Readonly<Record<string, boolean>>;
}

function createResolver(template: JsonObject, values: ParameterValues, attributes: ParameterValues): Resolver {
  const section = (name: string): JsonObject => objectAt(template, [name]);
  const conditions: Record<string, boolean> = {};

  function condition(name: string): boolean {
    if (!(name in section('Conditions'))) throw new Error(`the condition ${name} is not defined`);
    return (conditions[name] ??= isTrue(resolve(section('Conditions')[name])));
  }

  function isCreated(resource: unknown): boolean {
    const when = valueAt(resource, ['Condition']);
    return typeof when !== 'string' || condition(when);
  }

  function reference(name: string, text: string): unknown {
    const resource = section('Resources')[name];
    if (resource === undefined) throw new Error(`${name} is not defined`);
    if (!isCreated(resource)) throw new Error(`${text} refers to ${name}, which is not created`);
    return attributes[text.slice(1, -1)] ?? text;
  }

  function ref(name: string): unknown {
    if (name === 'AWS::NoValue') return NO_VALUE;
    const value = values[name];
    if (value === undefined) return name in section('Parameters') ? `<${name}>` : reference(ownerOf(name), `<${name}>`);
    const isList = valueAt(section('Parameters'), [name, 'Type']) === 'CommaDelimitedList';
    return isList ? value.split(',') : value;
  }

  function substitute(text: string, own: JsonObject): string {
    return text.replaceAll(/\$\{([\w:.]+)\}/g, (_, name: string) => {
      if (name in own) return String(resolve(own[name]));
      return String(name.includes('.') ? reference(ownerOf(name), `<${name}>`) : ref(name));
    });
  }

  function call(name: string, argument: unknown): unknown {
    if (name === 'Ref') return ref(String(argument));
    if (name === 'Condition') return condition(String(argument));
    if (name === 'Fn::If') {
      const [when, then, otherwise] = listOf(argument);
      return resolve(condition(String(when)) ? then : otherwise);
    }
    if (name === 'Fn::GetAtt') {
      const [resource = '', ...path] = listOf(argument).map(String);
      return reference(resource, `<${[resource, ...path].join('.')}>`);
    }
    if (name === 'Fn::Sub') {
      const [text, own] = isArray(argument) ? argument : [argument, {}];
      return substitute(String(text), isObject(own) ? own : {});
    }
    return compute(name, listOf(resolve(argument)));
  }

  function resolve(value: unknown): unknown {
    if (isArray(value)) return value.map(resolve).filter((element) => element !== NO_VALUE);
    if (!isObject(value)) return value;
    const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && /^(Ref|Condition|Fn::\w+)$/.test(name) && !isObject(argument))
      return call(name, argument);
    const entries = Object.entries(value).map(([key, inner]) => [key, resolve(inner)] as const);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== NO_VALUE));
  }

  return {
    resolve,
    created: (name) =>
      Object.fromEntries(
        Object.entries(section(name))
          .filter(([, one]) => isCreated(one))
          .map(([key, one]) => [key, resolve(one)]),
      ),
    conditions: () =>
      Object.fromEntries(Object.keys(section('Conditions')).map((name) => [name, condition(name)] as const)),
  };
}

/** The resource of `Queue.Arn`, and of SAM's `Function.Version`. */
function ownerOf(name: string): string {
  return name.replace(/\..*/, '');
}

/** The functions whose arguments are values alone. */
function compute(name: string, list: readonly unknown[]): unknown {
  const [first, second] = list;
  switch (name) {
    case 'Fn::Equals':
      return first === second;
    case 'Fn::Not':
      return !isTrue(first);
    case 'Fn::And':
      return list.every(isTrue);
    case 'Fn::Or':
      return list.some(isTrue);
    case 'Fn::EachMemberEquals':
      return listOf(first).every((member) => member === second);
    case 'Fn::Join':
      return listOf(second).map(String).join(String(first));
    case 'Fn::Split':
      return String(second).split(String(first));
    case 'Fn::Select': {
      const selected = listOf(second)[Number(first)];
      if (selected === undefined) throw new Error(`Fn::Select: there is no element ${String(first)}`);
      return selected;
    }
    default:
      throw new Error(`${name} is not known here`);
  }
}

function failedAssertions(rule: unknown, holds: (value: unknown) => boolean): readonly string[] {
  const when = valueAt(rule, ['RuleCondition']);
  if (when !== undefined && !holds(when)) return [];
  return listOf(valueAt(rule, ['Assertions']))
    .filter((assertion) => !holds(valueAt(assertion, ['Assert'])))
    .map((assertion) => String(valueAt(assertion, ['AssertDescription'])));
}

/** Parameters that are unknown, missing, or outside the constraints of the template. */
function refusedParameters(parameters: JsonObject, given: ParameterValues): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !name.startsWith('AWS::') && !(name in parameters));
  const missing = Object.keys(parameters).filter(
    (name) => given[name] === undefined && valueAt(parameters, [name, 'Default']) === undefined,
  );
  const invalid = Object.entries(given).flatMap(([name, value]) => {
    const parameter = parameters[name];
    if (!isObject(parameter) || keepsConstraints(parameter, value)) return [];
    return [`${name}: ${describeConstraints(parameter)}.`];
  });
  return [
    ...unknown.map((name) => `${name} is not a parameter of the template.`),
    ...missing.map((name) => `${name} is missing.`),
    ...invalid,
  ];
}

function keepsConstraints(parameter: JsonObject, value: string): boolean {
  const { AllowedPattern: pattern, AllowedValues: values, MinValue: least, MaxValue: most, Type: type } = parameter;
  if (typeof pattern === 'string' && !new RegExp(`^(?:${pattern})$`).test(value)) return false;
  if (isArray(values) && !values.map(String).includes(value)) return false;
  if (type !== 'Number') return true;
  const number = value === '' ? Number.NaN : Number(value);
  return number >= Number(least ?? number) && number <= Number(most ?? number);
}

function describeConstraints(parameter: JsonObject): string {
  const { ConstraintDescription: description, AllowedValues: values, MinValue: least, MaxValue: most } = parameter;
  if (typeof description === 'string') return description;
  if (isArray(values)) return `one of ${values.join(', ')}`;
  if (least !== undefined && most !== undefined) return `a number from ${Number(least)} to ${Number(most)}`;
  return 'not one of the values that the template allows';
}

function defaultsOf(parameters: JsonObject): ParameterValues {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, parameter]) => {
      const value = valueAt(parameter, ['Default']);
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
    }),
  );
}

function objectAt(root: unknown, path: readonly string[]): JsonObject {
  const value = valueAt(root, path);
  return isObject(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return isArray(value) ? value : [];
}

function isTrue(value: unknown): boolean {
  return value === true;
}
