import { createScheduler } from '../../simulation/model/scheduler.ts';

test('tasks run in the order of their times, and see these times', async () => {
  const scheduler = createScheduler();
  const seen: string[] = [];
  const note = (name: string) => (): void => void seen.push(`${name} at ${scheduler.now()}`);
  scheduler.at(200, note('second'));
  scheduler.at(100, () => {
    note('first')();
    scheduler.at(150, note('between'));
    scheduler.at(50, note('late'));
  });
  await scheduler.run(1000);
  expect(seen).toEqual(['first at 100', 'late at 100', 'between at 150', 'second at 200']);
});

test('nothing runs after the end, and all promises have gone on before time does', async () => {
  const scheduler = createScheduler();
  const seen: string[] = [];
  scheduler.at(10, () =>
    scheduler.start(async () => {
      await scheduler.sleep(5);
      await Promise.resolve();
      await Promise.resolve();
      seen.push(`awake at ${scheduler.now()}`);
      await scheduler.sleep(1000);
      seen.push('too late');
    }),
  );
  scheduler.at(15.5, () => void seen.push('the next task'));
  await scheduler.run(100);
  expect(seen).toEqual(['awake at 15', 'the next task']);
});

test('an error in started work ends the run', async () => {
  const scheduler = createScheduler();
  scheduler.start(async () => {
    await scheduler.sleep(5);
    throw new Error('broken');
  });
  await expect(scheduler.run(100)).rejects.toThrow('broken');
});
