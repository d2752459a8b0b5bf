import type { HttpAnswer } from './request.ts';

/** A transparent image of one pixel. */
const PIXEL_GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** Returns an answer in plain text. */
export function textAnswer(status: number, body: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

/**
 * Returns an answer with status 200 in JSON.
 *
 * @param body serialized JSON
 */
export function jsonAnswer(body: string): HttpAnswer {
  return { status: 200, contentType: 'application/json; charset=utf-8', body };
}

/** Returns an image with any status, since an `img` element loads it. */
export function pixelAnswer(status: number): HttpAnswer {
  return { status, contentType: 'image/gif', body: PIXEL_GIF };
}
