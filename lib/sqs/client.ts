import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/** The AWS SDK's client for SQS. It obeys `AWS_ENDPOINT_URL_SQS`; left to itself it prefers the host of a queue's URL. */
export function createSqsClient(config: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ useQueueUrlAsEndpoint: false, ...config });
}
