import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/**
 * Creates the AWS SDK's client for SQS. Unlike the SDK's default, `AWS_ENDPOINT_URL_SQS` takes precedence over the host in a
 * queue's URL.
 */
export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ useQueueUrlAsEndpoint: false, ...config });
}
