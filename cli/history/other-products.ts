/** An export that is not RudderStack's. */
export interface OtherProduct {
  readonly name: string;
  readonly remedy: string;
}

const TO_EVENTS =
  'Write a RudderStack event for each of its events (type, event, userId, messageId, timestamp, properties)';

/** Products by the keys or columns that only their exports have, all of which have to be there. */
const PRODUCTS: readonly (readonly [name: string, keys: readonly string[], remedy?: string])[] = [
  ['Amplitude', ['event_type', 'event_time', 'amplitude_id']],
  ['Amplitude', ['event_type', 'event_properties', 'user_properties']],
  ['Mixpanel', ['event', 'properties.distinct_id']],
  ['Mixpanel', ['event', 'distinct_id', 'mp_processing_time_ms']],
  ['Mixpanel', ['$distinct_id', '$properties']],
  ['PostHog', ['event', 'distinct_id', 'uuid']],
  ['PostHog', ['event', 'distinct_id', 'properties.$lib']],
  ['PostHog', ['event', 'distinct_id', 'elements_chain']],
  ['PostHog', ['event', 'distinct_id', 'properties', 'timestamp']],
  ['Mixpanel', ['event', 'distinct_id', 'time']],
  ['Heap', ['event_id', 'session_id', 'user_id', 'time'], 'These events are in Heap already'],
  ['Heap', ['event_id', 'session_id', 'user_id', 'session_time'], 'These events are in Heap already'],
  ['Heap', ['user_id', 'identity', 'joindate'], 'These people are in Heap already'],
  ['Heap', ['app_id', 'identity', 'event'], 'These are calls of Heap’s own API: send them there'],
  ['Google Analytics 4', ['event_name', 'event_timestamp', 'user_pseudo_id']],
  ['Snowplow', ['collector_tstamp', 'domain_userid']],
  ['mParticle', ['events', 'mpid']],
];

/**
 * Recognizes the export of another product.
 *
 * @param keys the names of the members or columns, in lower case; those within `properties` as `properties.NAME`
 */
export function otherProductOf(keys: ReadonlySet<string>): OtherProduct | undefined {
  const found = PRODUCTS.find(([, needed]) => needed.every((key) => keys.has(key)));
  return found === undefined ? undefined : { name: found[0], remedy: found[2] ?? TO_EVENTS };
}
