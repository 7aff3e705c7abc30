import { messageOf } from '../../errors.ts';
import { DuckDBInstance } from './driver.ts';
import type { XlsxAnswer, XlsxJob } from './xlsx.ts';

/** The process of its own in which xlsx files are written: it takes one job, and answers. */

/** Whoever gave the job decides when it ends: by a signal that a terminal sends to both, it does not. */
process.on('SIGINT', () => undefined);
process.on('disconnect', dieAtOnce);
process.once('message', (job: XlsxJob) => {
  void work(job);
});

/** An exit would wait for DuckDB's threads. */
function dieAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function work({ memoryLimit, folder, statements }: XlsxJob): Promise<void> {
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit,
      temp_directory: folder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // A worksheet is written by one thread, and its rows keep their order by day, too.
      threads: '1',
    });
    const connection = await instance.connect();
    for (const statement of statements) {
      await connection.run(statement);
      await answer({ done: true });
    }
    connection.closeSync();
    instance.closeSync();
  } catch (error) {
    await answer({ failed: messageOf(error) });
  }
  process.off('disconnect', dieAtOnce);
  process.disconnect();
}

async function answer(message: XlsxAnswer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.send?.(message, (error: Error | null) => {
      if (error === null) {
        resolve();
      } else {
        reject(error);
      }
    });
  });
}
