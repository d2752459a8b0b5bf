import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** What CloudFormation says about a stack. */
export interface Stack {
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A server that answers DescribeStacks in CloudFormation's own protocol. There is no embedded CloudFormation. */
export function startCloudFormation({ outputs, parameters = {} }: Stack): Promise<LoopbackServer> {
  const members = [...membersOf('Output', outputs), ...membersOf('Parameter', parameters)].join('');
  const xml =
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>' +
    '<StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>' +
    `${members}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  return startLoopbackServer(0, (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/xml' }).end(xml);
  });
}

function membersOf(kind: 'Output' | 'Parameter', values: Readonly<Record<string, string>>): readonly string[] {
  const members = Object.entries(values).map(
    ([key, value]) =>
      `<member><${kind}Key>${key}</${kind}Key><${kind}Value>${escapeXml(value)}</${kind}Value></member>`,
  );
  return [`<${kind}s>`, ...members, `</${kind}s>`];
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
