/** A message attribute, as SQS's API names its parts. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message that is to be sent. */
export interface OutgoingMessage {
  readonly body: string;
  readonly attributes?: MessageAttributes;
  /** What it counts for SQS's limits. */
  readonly bytes: number;
  /** For FIFO queues, and for fair queues. */
  readonly groupId?: string | undefined;
  /** For FIFO queues alone: a second message with the same id is dropped. */
  readonly deduplicationId?: string;
}

/** What a message counts for SQS's limits: its body, and the names, types and values of its attributes. */
export function messageBytes(body: string, attributes: MessageAttributes = {}): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = '', BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes += BinaryValue?.byteLength ?? Buffer.byteLength(StringValue);
  }
  return bytes;
}
