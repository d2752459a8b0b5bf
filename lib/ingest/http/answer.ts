import type { HttpAnswer } from './request.ts';

/** A transparent image of one pixel. */
const PIXEL_GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

export function textAnswer(status: number, body: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

/** @param body JSON */
export function jsonAnswer(body: string): HttpAnswer {
  return { status: 200, contentType: 'application/json; charset=utf-8', body };
}

/** An image, whatever the status: it is loaded by an `img` element. */
export function pixelAnswer(status: number): HttpAnswer {
  return { status, contentType: 'image/gif', body: PIXEL_GIF };
}
