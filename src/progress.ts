/**
 * What a stage says while it works. Stages emit; only src/cli/render knows terminals.
 */
export type ProgressEvent =
  /** A named piece of work began ("starting PostgreSQL", "silver", "gold"). */
  | { readonly type: 'step.started'; readonly step: string; readonly detail?: string }
  /** How far it is: `done` of `total` (unknown while a stream runs) in `unit`, e.g. events. */
  | {
      readonly type: 'step.progress';
      readonly step: string;
      readonly done: number;
      readonly total?: number;
      readonly unit: string;
      readonly detail?: string;
    }
  | { readonly type: 'step.finished'; readonly step: string; readonly detail?: string }
  /** Something the user should know that is no failure: a gap in the log, a failed check of severity warn. */
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string | undefined }
  | { readonly type: 'note'; readonly message: string };

export type Emit = (event: ProgressEvent) => void;

/** How every stage is called: when to stop, and where to say how it goes. */
export interface StageContext {
  readonly signal: AbortSignal;
  readonly emit: Emit;
}
