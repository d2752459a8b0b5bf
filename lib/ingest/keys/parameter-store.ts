import { GetParameterCommand, SSMClient, SSMServiceException } from '@aws-sdk/client-ssm';
import { ConfigurationError } from '../../configuration-error.ts';

/**
 * Returns a function that reads a parameter from Parameter Store, decrypted, in one attempt with a timeout in ms. It also reads
 * a secret from Secrets Manager, by the name `/aws/reference/secretsmanager/NAME`.
 *
 * The function throws a `ConfigurationError` if the parameter or a permission is missing, and any other error if another attempt
 * may succeed.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
 */
export function createParameterReader(name: string): (timeoutMs: number) => Promise<string> {
  const client = new SSMClient({ maxAttempts: 1 });

  return async (timeoutMs) => {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    try {
      const { Parameter } = await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
      if (Parameter?.Value !== undefined) return Parameter.Value;
    } catch (error) {
      if (!isFinal(error)) throw error;
      throw new ConfigurationError(`the parameter ${name} cannot be read: ${error.name}`, { cause: error });
    }
    throw new ConfigurationError(`the parameter ${name} has no value`);
  };
}

/** Whether Parameter Store would give the same answer again. It answers 400 for a throttled call as well. */
function isFinal(error: unknown): error is SSMServiceException {
  return error instanceof SSMServiceException && error.$fault === 'client' && !/throttl|too ?many/i.test(error.name);
}
