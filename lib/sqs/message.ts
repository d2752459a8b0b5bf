/** A message attribute, with the field names of SQS's API. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message to be sent. */
export interface OutgoingMessage {
  readonly body: string;
  readonly attributes?: MessageAttributes;
  /** The size that counts for SQS's limits, see `messageBytes`. */
  readonly bytes: number;
  /** For FIFO queues and fair queues. */
  readonly groupId?: string | undefined;
  /** The X-Ray trace of the sender, which SQS carries beside the attributes and does not count as one of them. */
  readonly traceHeader?: string | undefined;
  /** Only for FIFO queues: SQS drops a second message with the same id. */
  readonly deduplicationId?: string;
}

/** Returns the size that counts for SQS's limits: the body, and the names, types and values of all attributes. */
export function messageBytes(body: string, attributes: MessageAttributes = {}): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = '', BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes += BinaryValue?.byteLength ?? Buffer.byteLength(StringValue);
  }
  return bytes;
}
