import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

/** A request for the keys may take so long, in ms: whoever sends events waits for it. */
const TIMEOUT_MS = 3000;

/**
 * Reads a parameter of Systems Manager's Parameter Store, decrypted. A secret of Secrets Manager has a name there as well:
 * `/aws/reference/secretsmanager/NAME`, so that one client reads both.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
export function createParameterReader(name: string): () => Promise<string> {
  const client = new SSMClient({ maxAttempts: 3 });
  return async () => {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }), {
      abortSignal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (Parameter?.Value === undefined) throw new Error(`the parameter ${name} has no value`);
    return Parameter.Value;
  };
}
