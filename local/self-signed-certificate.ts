import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The types of ASN.1 that a certificate contains. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** The types of names in the extension for alternative names. */
const NAME_TAG = { dns: 0x82, ip: 0x87 } as const;

const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
} as const;

/**
 * Creates a certificate that signs itself, for servers on this machine.
 *
 * @param host a DNS name, or the address 127.0.0.1
 * @param validUntil a `GeneralizedTime`, for example `20990101000000Z`
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function createSelfSignedCertificate(host = '127.0.0.1', validUntil = '20990101000000Z'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(TAG.sequence, oid('ecdsaWithSha256'));
  const serial = randomBytes(8);
  // Certificates with the same name would be taken for each other.
  const commonName = der(TAG.utf8, Buffer.from(`${host} ${serial.toString('hex')}`));
  const name = der(TAG.sequence, der(TAG.set, der(TAG.sequence, oid('commonName'), commonName)));
  const time = (text: string): Buffer => der(TAG.time, Buffer.from(text));
  const isAuthority = der(TAG.sequence, der(TAG.boolean, Buffer.from([0xff])));
  const altName =
    host === '127.0.0.1' ? der(NAME_TAG.ip, Buffer.from([127, 0, 0, 1])) : der(NAME_TAG.dns, Buffer.from(host));
  const extensions = der(
    TAG.sequence,
    der(TAG.sequence, oid('basicConstraints'), der(TAG.octets, isAuthority)),
    der(TAG.sequence, oid('subjectAltName'), der(TAG.octets, der(TAG.sequence, altName))),
  );
  const content = der(
    TAG.sequence,
    der(TAG.version, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.concat([Buffer.from([1]), serial])),
    algorithm,
    name,
    der(TAG.sequence, time('20200101000000Z'), time(validUntil)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.extensions, extensions),
  );
  const signature = der(TAG.bits, Buffer.from([0]), sign('sha256', content, privateKey));
  const certificate = der(TAG.sequence, content, algorithm, signature).toString('base64');
  const lines = certificate.match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function oid(name: keyof typeof OID): Buffer {
  return der(TAG.oid, Buffer.from(OID[name], 'hex'));
}

/** One element of the encoding DER: type, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}
