import { MedallionError } from '../../errors.ts';
import { formatOf, HEAD_BYTES } from '../../event/foreign-format.ts';
import { readHead, type FileState } from './text.ts';

/**
 * The error for a file that is certain to hold something else than lines of events, before anything of it is read.
 * @param grows more may come
 */
export async function findForeign(
  state: FileState,
  grows: boolean,
): Promise<MedallionError | undefined> {
  const head = await readHead(state, HEAD_BYTES);
  const format = formatOf(head, !grows && head.length < HEAD_BYTES);
  return foreignError(state.path, format, state.isZipped ? 'Unzip it first: gunzip FILE. ' : '');
}

/**
 * A text as it is, once its first bytes show that it is not certain to hold something else than lines of events.
 * @throws MedallionError input
 */
export async function* eventsOnly(
  text: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<Buffer> {
  const end = { isBroken: false, error: undefined as unknown };
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* text;
    } catch (error) {
      Object.assign(end, { isBroken: true, error });
    }
  };
  const head: Buffer[] = [];
  let isDecided = false;
  for await (const chunk of chunks()) {
    if (isDecided) {
      yield chunk;
      continue;
    }
    head.push(chunk);
    isDecided = isDecidedBy(name, Buffer.concat(head), false);
    if (isDecided) {
      yield* head.splice(0);
    }
  }
  // Also where the text broke off: what came before is good.
  if (!isDecided && !end.isBroken) {
    isDecidedBy(name, Buffer.concat(head), true);
  }
  yield* head;
  if (end.isBroken) {
    throw end.error;
  }
}

/** Whether a text shows to be no other format; throws where it shows to be one. */
function isDecidedBy(name: string, head: Buffer, isWhole: boolean): boolean {
  const format = formatOf(head.subarray(0, HEAD_BYTES), isWhole);
  const error = foreignError(name, format);
  if (error !== undefined) {
    throw error;
  }
  return format === 'events';
}

function foreignError(
  name: string,
  format: ReturnType<typeof formatOf>,
  first = '',
): MedallionError | undefined {
  return format === undefined || format === 'events'
    ? undefined
    : new MedallionError(
        'input',
        `${name} is ${format.name}, not lines of events: nothing of it was read`,
        { hint: `${first}${format.advice}` },
      );
}
