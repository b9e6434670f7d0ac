/** Real headless Chromium, one profile folder per browser, on pages served by the gateway itself. */
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const VIEWER = readFileSync(new URL('../interop/page/viewer.js', import.meta.url), 'utf8');

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  // A page without focus must not be slowed down: the figures would be the browser's, not the gateway's.
  ...[
    '--disable-background-timer-throttling',
    '--disable-renderer-backgrounding',
    '--disable-backgrounding-occluded-windows',
  ],
];

/** A frame as the page presented it. */
export interface PresentedFrame {
  /** Wall-clock time in ms. */
  at: number;
  /** The number drawn into the picture; -1 if unreadable, null if not looked for. */
  number: number | null;
  rtp?: number;
  presented: number;
}

export interface OpenOptions {
  audio?: boolean;
  video?: boolean;
  trickle?: boolean;
  code?: { bits: number; cell: number; top: number };
}

export interface OpenResult {
  status: number;
  body: string;
  location?: string;
  etag?: string;
  candidates?: string[];
}

export interface ViewerStats {
  state: string;
  width: number;
  height: number;
  video?: Record<string, number>;
  audio?: Record<string, number>;
}

/** A WHEP viewer in a page; see `interop/page/viewer.js`. */
export class PageViewer {
  constructor(
    readonly page: Page,
    readonly id: string,
  ) {}

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    // A string, so that nothing is compiled on its way into the page.
    return this.page.evaluate(`viewers.${this.id}.${method}(...${JSON.stringify(args)})`) as Promise<T>;
  }

  open(url: string, options: OpenOptions = {}): Promise<OpenResult> {
    return this.#call('open', url, options);
  }

  stats(): Promise<ViewerStats> {
    return this.#call('stats');
  }

  tone(seconds?: number): Promise<{ hz: number; db: number; floorDb: number }> {
    return seconds === undefined ? this.#call('tone') : this.#call('tone', seconds);
  }

  trickle(): Promise<{ status: number; etag: string | null; body: string }> {
    return this.#call('trickle');
  }

  patch(fragment: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    return this.#call('patch', fragment, headers);
  }

  restartIce(): Promise<{ status: number; body: string; before: string; after: string }> {
    return this.#call('restartIce');
  }

  delete(): Promise<number> {
    return this.#call('delete');
  }

  async close(): Promise<void> {
    await this.#call('close');
  }

  frames(): Promise<PresentedFrame[]> {
    return this.page.evaluate(`viewers.${this.id}.frames`) as Promise<PresentedFrame[]>;
  }

  /** Wall-clock times in ms: posted, answered, connecting, connected, disconnected, failed, closed. */
  events(): Promise<Record<string, number>> {
    return this.page.evaluate(`viewers.${this.id}.events`) as Promise<Record<string, number>>;
  }
}

export interface LaunchOptions {
  flags?: string[];
  bypassCSP?: boolean;
}

export class TestBrowser {
  #viewers = 0;

  private constructor(
    readonly context: BrowserContext,
    readonly folder: string,
  ) {}

  /** `flags` go to Chromium; `bypassCSP: false` keeps the page's content security policy, as users have it. */
  static async launch({ flags = [], bypassCSP = true }: LaunchOptions = {}): Promise<TestBrowser> {
    const folder = await mkdtemp(join(tmpdir(), 'rtmp-gateway-chromium-'));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env.RTMP_GATEWAY_CHROMIUM || '/usr/bin/chromium',
      args: [...FLAGS, ...flags],
      bypassCSP,
      headless: true,
      viewport: { width: 1280, height: 800 },
    });
    return new TestBrowser(context, folder);
  }

  get browser(): Browser | null {
    return this.context.browser();
  }

  /** A page of the gateway's origin with nothing on it but the measuring script. */
  async blankPage(http: string): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(`${http}/healthz`);
    await page.setContent('<!doctype html><title>viewer</title><body></body>');
    await page.addScriptTag({ content: VIEWER });
    await page.evaluate('window.viewers = {}');
    return page;
  }

  /** A viewer on a page of its own, or on `page`. */
  async viewer(http: string, page?: Page): Promise<PageViewer> {
    const home = page ?? (await this.blankPage(http));
    const id = `v${this.#viewers++}`;
    await home.evaluate(`void (viewers.${id} = new Viewer())`);
    return new PageViewer(home, id);
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
