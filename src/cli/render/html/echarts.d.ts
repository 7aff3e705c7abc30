/** The whole library in one file: Node reads it in a tenth of the time that its hundreds of modules take. */
declare module 'echarts/dist/echarts.esm.min.mjs' {
  export * from 'echarts';
}
