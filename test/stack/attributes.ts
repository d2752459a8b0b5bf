import { isObject, valueAt, type JsonObject } from '../../lib/json.ts';
import type { ParameterValues } from '../../infra/resolve-template.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';
const arn = (service: string, name: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${name}`;

/** For each type of resource what Ref and Fn::GetAtt may give; the shape is that of a deployment. */
const VALUES: Readonly<Record<string, (id: string) => ParameterValues>> = {
  'AWS::SQS::Queue': (id) => ({
    '': `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${id}`,
    Arn: arn('sqs', id),
    QueueName: id,
  }),
  'AWS::Lambda::Function': (id) => ({ '': id, Arn: arn('lambda', `function:${id}`) }),
  'AWS::Lambda::Version': (id) => ({ '': arn('lambda', `function:${id}:7`), Version: '7' }),
  'AWS::Lambda::Alias': (id) => ({ '': arn('lambda', `function:${id}:live`) }),
  'AWS::Logs::LogGroup': (id) => ({ '': id, Arn: `${arn('logs', `log-group:${id}`)}:*` }),
  'AWS::IAM::Role': (id) => ({ '': id, Arn: `arn:aws:iam::${ACCOUNT}:role/${id}` }),
  'AWS::SNS::Topic': (id) => ({ '': arn('sns', id), TopicName: id }),
  'AWS::Events::Rule': (id) => ({ '': id, Arn: arn('events', `rule/events/${id}`) }),
  'AWS::CloudWatch::Alarm': (id) => ({ '': id, Arn: arn('cloudwatch', `alarm:${id}`) }),
  'AWS::ApiGatewayV2::Api': () => ({
    '': 'a1b2c3d4e5',
    ApiEndpoint: `https://a1b2c3d4e5.execute-api.${REGION}.amazonaws.com`,
  }),
  'AWS::CloudFormation::Stack': (id) => ({
    '': arn('cloudformation', `stack/${id}/0`),
    'Outputs.AlarmTopicArn': arn('sns', 'alarms'),
    'Outputs.CheckFunctionName': 'check',
    'Outputs.DeploymentRoleArn': `arn:aws:iam::${ACCOUNT}:role/deployment`,
    'Outputs.Url': `https://a1b2c3d4e5.execute-api.${REGION}.amazonaws.com`,
    'Outputs.FunctionName': 'ingest',
    'Outputs.FunctionArn': arn('lambda', 'function:lambda-destination'),
    'Outputs.RoleArn': `arn:aws:iam::${ACCOUNT}:role/rudderstack`,
  }),
};

/** What the resources of a template refer to one another with, as if they were deployed. */
export function attributesOf(template: JsonObject): ParameterValues {
  const resources = isObject(template['Resources']) ? template['Resources'] : {};
  return Object.fromEntries(
    Object.entries(resources).flatMap(([id, resource]) => {
      const values = VALUES[String(valueAt(resource, ['Type']))]?.(id) ?? { '': id };
      return Object.entries(values).map(([name, value]) => [name === '' ? id : `${id}.${name}`, value] as const);
    }),
  );
}
