import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';

const MEGABYTE = 1024 * 1024;
/** Docker gives 64 MB by default, which a parallel hash join outgrows. */
const ENOUGH_SHARED_MEMORY = 256 * MEGABYTE;

/**
 * How the embedded server runs: for one person's machine and a job that writes in bulk. What was committed stays
 * committed, also through a crash of the machine: fsync and synchronous_commit are on, as PostgreSQL has them.
 */
export function serverSettings(): Record<string, string> {
  const memory = availableMemory();
  const megabytes = (bytes: number): string => `${String(Math.floor(bytes / MEGABYTE))}MB`;
  return {
    shared_buffers: megabytes(Math.min(Math.max(memory / 8, 64 * MEGABYTE), 2048 * MEGABYTE)),
    effective_cache_size: megabytes(memory / 2),
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    // Nobody replicates this server; a COPY into a table made in the same transaction then writes no log.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '4GB',
    // pglz, the one way that this build has, takes longer than the writing it saves.
    wal_compression: 'off',
    // Else each new file of the log is written twice: once with zeroes.
    wal_init_zero: 'off',
    checkpoint_timeout: '30min',
    random_page_cost: '1.1',
    jit: 'off',
    autovacuum: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // The query of a command that was killed ends soon after it, and with it the locks it holds.
    ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '2s' }),
    ...(sharedMemoryIsSmall() ? { dynamic_shared_memory_type: 'mmap' } : {}),
  };
}

/** Bytes of memory that this process may use: the machine's, or less in a container with a limit. */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

function sharedMemoryIsSmall(): boolean {
  if (process.platform !== 'linux') {
    return false;
  }
  try {
    const { bsize, blocks } = statfsSync('/dev/shm');
    return bsize * blocks < ENOUGH_SHARED_MEMORY;
  } catch {
    return true;
  }
}
