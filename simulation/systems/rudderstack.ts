import type { SimulatedEvent } from '../model/event.ts';
import type { Answer } from '../model/heap.ts';
import { startArrivals } from './arrivals.ts';
import {
  backoffMs,
  CONNECTION_ERROR_STATUS,
  isRetryLimitReached,
  isSuccess,
  isTerminated,
  READ_SLEEP_MS,
  TIMEOUT_MS,
  WORKERS,
} from './rudderstack-policy.ts';
import type { System, World } from './system.ts';

/** An event on its way. */
interface Job {
  readonly event: SimulatedEvent;
  attempts: number;
  firstAttemptAt: number;
  lastStatus: number;
}

/** Sends one request at a time. */
interface Worker {
  isBusy: boolean;
  /** The users whose first job may be sent. */
  users: number[];
  next: number;
}

/**
 * RudderStack's own delivery in cloud mode, by its router's rules (rudderstack-policy.ts). Heap's destination is not batched, so
 * each event is a request. A user's events are sent in order (config/config.yaml: Router.guaranteeUserEventOrder): one that is tried again
 * holds up the user's later ones, and one that is aborted lets them go (router/internal/eventorder).
 */
export const rudderstack: System = {
  name: 'rudderstack',
  title: 'RudderStack’s router',
  start(world) {
    const { scheduler, random } = world;
    const jobs = new Map<number, Job[]>();
    const workers = Array.from({ length: WORKERS }, (): Worker => ({ isBusy: false, users: [], next: 0 }));
    const offer = (user: number): void => {
      const worker = workers[user % WORKERS];
      if (worker === undefined) return;
      worker.users.push(user);
      work(world, worker, jobs, offerLater);
    };
    const offerLater = (user: number, ms: number): void => scheduler.at(scheduler.now() + ms, () => offer(user));
    startArrivals(world, (event) => {
      const job = { event, attempts: 0, firstAttemptAt: 0, lastStatus: 0 };
      const others = jobs.get(event.user);
      if (others === undefined) {
        jobs.set(event.user, [job]);
        offerLater(event.user, random() * READ_SLEEP_MS);
      } else {
        others.push(job);
      }
    });
    return { usage: () => ({ gbSeconds: 0, invocations: 0, receives: 0, mostInFlight: 0, reasons: new Map() }) };
  },
};

function work(
  world: World,
  worker: Worker,
  jobs: Map<number, Job[]>,
  offerLater: (user: number, ms: number) => void,
): void {
  if (worker.isBusy) return;
  const taken = takeJob(world, worker, jobs);
  if (taken === undefined) return;
  const { user, job } = taken;
  const { scheduler, heap } = world;
  worker.isBusy = true;
  if (job.attempts === 0) job.firstAttemptAt = scheduler.now();
  heap.single({ event: job.event, caller: user % WORKERS, timeoutMs: TIMEOUT_MS }, (answer) => {
    worker.isBusy = false;
    job.attempts += 1;
    job.lastStatus = statusOf(answer);
    if (!isTerminated(job.lastStatus)) {
      offerLater(user, backoffMs(job.attempts));
    } else {
      if (!isSuccess(job.lastStatus)) job.event.isGivenUp = true;
      finish(user, worker, jobs);
    }
    work(world, worker, jobs, offerLater);
  });
}

/** Takes the next job that may be sent. Aborts those whose retry limit is reached on the way. */
function takeJob(
  { scheduler }: World,
  worker: Worker,
  jobs: Map<number, Job[]>,
): { readonly user: number; readonly job: Job } | undefined {
  for (;;) {
    const user = worker.users[worker.next];
    if (user === undefined) {
      worker.users = [];
      worker.next = 0;
      return undefined;
    }
    worker.next += 1;
    const job = jobs.get(user)?.[0];
    if (job === undefined) continue;
    const sinceFirstAttemptMs = scheduler.now() - job.firstAttemptAt;
    if (!isRetryLimitReached({ ...job, sinceFirstAttemptMs })) return { user, job };
    job.event.isGivenUp = true;
    finish(user, worker, jobs);
  }
}

/** Removes the user's first job, and lets the next one go. */
function finish(user: number, worker: Worker, jobs: Map<number, Job[]>): void {
  const others = jobs.get(user);
  others?.shift();
  if (others === undefined || others.length === 0) jobs.delete(user);
  else worker.users.push(user);
}

function statusOf(answer: Answer): number {
  return answer.kind === 'answered' ? answer.status : CONNECTION_ERROR_STATUS;
}
