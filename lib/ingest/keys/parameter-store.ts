import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

/** The timeout for reading the keys, in ms. The client's request waits for it. */
const TIMEOUT_MS = 3000;

/**
 * Returns a function that reads a parameter from Parameter Store, decrypted. It also reads a secret from Secrets Manager, by
 * the name `/aws/reference/secretsmanager/NAME`. The function throws if the parameter cannot be read.
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
