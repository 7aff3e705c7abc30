/** Unpacks the browser into the folder for temporary files, where its package always does: see browser.ts. */
import chromium from '@sparticuz/chromium';

await chromium.executablePath();
