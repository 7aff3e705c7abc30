import { MedallionError } from '../../errors.ts';
import { formatOf, HEAD_BYTES } from '../../event/foreign-format.ts';
import { readBytes, type FileState } from './text.ts';

/**
 * The error for a file that is certain to hold something else than lines of events, before anything of it is read.
 * @param grows more may come
 */
export async function findForeign(
  state: FileState,
  grows: boolean,
): Promise<MedallionError | undefined> {
  const head = await readBytes(state, 0, HEAD_BYTES);
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
  const head: Buffer[] = [];
  let isDecided = false;
  const decide = (isWhole: boolean): boolean => {
    const format = formatOf(Buffer.concat(head).subarray(0, HEAD_BYTES), isWhole);
    const error = foreignError(name, format);
    if (error !== undefined) {
      head.length = 0;
      throw error;
    }
    return format === 'events';
  };
  try {
    for await (const chunk of text) {
      head.push(chunk);
      isDecided ||= decide(false);
      if (isDecided) {
        yield* head.splice(0);
      }
    }
    if (!isDecided) {
      decide(true);
    }
  } catch (error) {
    // Where the text broke off, what came before is good.
    yield* head;
    throw error;
  }
  yield* head;
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
        `${name} is ${format.name}, not lines of events: none of it was read`,
        { hint: `${first}${format.advice}` },
      );
}
