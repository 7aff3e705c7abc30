/**
 * medallion as a library: the stages of the pipeline as functions of a configuration. Each connects, does its work as the
 * command of its name does, and leaves nothing open. docs/library.md shows them together.
 */
export type { CallOptions } from './app/call.ts';
export { loadConfig, type LoadOptions } from './app/config.ts';
export { generate, type Generated, type GenerateRequest } from './app/generate.ts';
export { ingest, type Ingested, type IngestRequest } from './app/ingest.ts';
export { promote, type PromoteRequest } from './app/promote.ts';
export { report, type ReportRequest } from './app/query.ts';
export { withWarehouse } from './app/warehouse.ts';
export type { Config, ConfigFlags, Environment } from './config.ts';
export { MedallionError, type ErrorCode } from './errors.ts';
export type { GenerateResult } from './generate/generate.ts';
export type { IngestResult } from './bronze/ingest.ts';
export type { ConnectionSettings } from './config/server.ts';
export type { ProgressEvent } from './progress.ts';
export type { PromoteResult } from './promote/promote.ts';
export type { Report } from './query/report/report.ts';
export type { SectionName, SectionRows, Sections } from './query/report/sections.ts';
