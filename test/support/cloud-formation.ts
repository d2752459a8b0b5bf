import { startLoopbackServer, type LoopbackServer } from '../../local/loopback-server.ts';

/** What CloudFormation says about a stack. */
export interface Stack {
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

interface CloudFormation extends LoopbackServer {
  /** How often it was asked. */
  readonly requests: () => number;
}

/** A server that answers DescribeStacks in CloudFormation's own protocol. There is no embedded CloudFormation. */
export async function startCloudFormation({ outputs, parameters = {} }: Stack): Promise<CloudFormation> {
  const members = [...membersOf('Output', outputs), ...membersOf('Parameter', parameters)].join('');
  const xml =
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>' +
    '<StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>' +
    `${members}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  let requests = 0;
  const server = await startLoopbackServer(0, (request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(200, { 'content-type': 'text/xml' }).end(xml);
  });
  return { ...server, requests: () => requests };
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
