import type { Answer } from '../../lib/heap/transport.ts';
import type { Answers, Judged, Plan } from './ask.ts';
import { EVENT, type Run } from './marks.ts';
import { describe, readOne } from './outcome.ts';
import type { Look } from './questions.ts';

/** What a check has found. */
export interface Findings {
  readonly run: Run;
  /** Heap's region, or the URL that was asked instead. */
  readonly where: string;
  readonly answers: Answers;
  readonly judged: readonly Judged[];
  readonly plan: Plan;
}

/** Writes a table that can be pasted into docs/heap-behaviour.md, and below it what to look for in Heap and how to delete it. */
export function toMarkdown({ run, where, answers, judged, plan }: Findings): string {
  const { track, add_user_properties: users } = answers.controls;
  const looks = judged.flatMap(({ question, looks: some }) => some.map((look) => ({ question, look })));
  return hideAppId(
    [
      `### ${dateOf(run)}, ${where}`,
      '',
      `Run \`${run.id}\`. A good event: ${describe(readOne(track?.good[0]))}. ` +
        `Good user properties: ${describe(readOne(users?.good[0]))}. ` +
        `A body that is not JSON: ${describe(readOne(track?.notJson[0]))}.`,
      ...(answers.stopped === undefined ? [] : ['', `The check ended early: ${answers.stopped}.`]),
      '',
      '| question | verdict | Heap’s answer |',
      '| --- | --- | --- |',
      ...judged.map(({ question, verdict }) =>
        row(`${question.asks} (\`${question.id}\`)`, verdict.answer, verdict.because),
      ),
      '',
      'What only a look into Heap tells:',
      '',
      ...(looks.length === 0 ? ['- nothing'] : looks.map(({ question, look }) => lookLine(question.id, look))),
      '',
      ...deletion(plan),
    ].join('\n'),
    run,
  );
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

function lookLine(question: string, { kind, identity, mark, tells }: Look): string {
  const what =
    kind === 'event'
      ? `An event with \`contract_check\` = \`${mark}\``
      : `The user property \`contract_check\` = \`${mark}\``;
  return `- [ ] \`${question}\`: ${what}, of the identity \`${identity}\`. ${tells}`;
}

/** @see https://developers.heap.io/reference/user-deletion */
function deletion({ identities }: Plan): readonly string[] {
  return [
    `The events are called \`${EVENT}\`, and each has the property \`contract_check\`. Heap’s User Deletion API deletes the users with their`,
    'events (`POST https://heapanalytics.com/api/public/v0/user_deletion`, with a token for your account) when it gets:',
    '',
    '```json',
    JSON.stringify({ users: identities.map((identity) => ({ identity })) }),
    '```',
  ];
}

/** Gives the same for scripts. */
export function toJson({ run, where, answers, judged, plan }: Findings): string {
  const json = JSON.stringify({
    run: run.id,
    date: dateOf(run),
    where,
    stopped: answers.stopped ?? null,
    controls: Object.fromEntries(
      Object.entries(answers.controls).map(([kind, { good, notJson }]) => [
        kind,
        { good: good.map(answerOf), notJson: notJson.map(answerOf) },
      ]),
    ),
    questions: judged.map(({ question, verdict, exchanges, looks }) => ({
      id: question.id,
      question: question.asks,
      verdict: verdict.answer,
      because: verdict.because,
      requests: exchanges.map((one) => ({ label: one.label, answers: one.answers.map(answerOf) })),
      looks: looks.map(({ kind, identity, mark, tells }) => ({ kind, identity, contract_check: mark, tells })),
    })),
    identities: plan.identities,
  });
  return hideAppId(json, run);
}

function answerOf(answer: Answer): object {
  if (answer.kind !== 'answered') return { problem: describe(readOne(answer)) };
  const { status, body, retryAfter } = answer;
  return { status, body, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

function dateOf({ startedAt }: Run): string {
  return new Date(startedAt).toISOString().slice(0, 10);
}

/** An answer may repeat the app id, which does not belong into a page that others read. */
function hideAppId(text: string, { appId }: Run): string {
  return appId.length < 4 ? text : text.replaceAll(appId, 'APP_ID');
}
