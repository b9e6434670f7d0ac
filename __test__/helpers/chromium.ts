/** Real headless Chromium, one profile folder per browser, on pages served by the gateway itself. */
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const SCRIPTS = ['viewer', 'publisher', 'sync-meter'].map((name) =>
  readFileSync(new URL(`../interop/page/${name}.js`, import.meta.url), 'utf8'),
);

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
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

  /** Times in ms at which flashes showed and beeps were heard during `seconds`; see `interop/page/sync-meter.js`. */
  flashesAndBeeps(seconds: number): Promise<{ flashes: number[]; beeps: number[] }> {
    const element = `viewers.${this.id}.element`;
    return this.page.evaluate(`flashesAndBeeps(${element}, ${seconds})`) as Promise<{
      flashes: number[];
      beeps: number[];
    }>;
  }

  frames(): Promise<PresentedFrame[]> {
    return this.page.evaluate(`viewers.${this.id}.frames`) as Promise<PresentedFrame[]>;
  }

  /** Wall-clock times in ms: posted, answered, connecting, connected, disconnected, failed, closed. */
  events(): Promise<Record<string, number>> {
    return this.page.evaluate(`viewers.${this.id}.events`) as Promise<Record<string, number>>;
  }
}

export interface PublishOptions {
  /** The browser's fake camera and microphone, or a flash and a beep at every full second. */
  source?: 'devices' | 'signal';
  audio?: boolean;
  video?: boolean;
  codec?: string;
  width?: number;
  height?: number;
  fps?: number;
}

/** A WHIP publisher in a page; see `interop/page/publisher.js`. */
export class PagePublisher {
  constructor(
    readonly page: Page,
    readonly id: string,
  ) {}

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    return this.page.evaluate(`publishers.${this.id}.${method}(...${JSON.stringify(args)})`) as Promise<T>;
  }

  open(url: string, options: PublishOptions = {}): Promise<OpenResult> {
    return this.#call('open', url, options);
  }

  stats(): Promise<ViewerStats> {
    return this.#call('stats');
  }

  enable(kind: 'audio' | 'video', on: boolean): Promise<void> {
    return this.#call('enable', kind, on);
  }

  delete(): Promise<number> {
    return this.#call('delete');
  }

  close(): Promise<void> {
    return this.#call('close');
  }

  /** Wall-clock times in ms: posted, answered, connecting, connected, ... */
  events(): Promise<Record<string, number>> {
    return this.page.evaluate(`publishers.${this.id}.events`) as Promise<Record<string, number>>;
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
    for (const content of SCRIPTS) await page.addScriptTag({ content });
    await page.evaluate('window.viewers = {}; window.publishers = {}');
    return page;
  }

  /** A viewer on a page of its own, or on `page`. */
  async viewer(http: string, page?: Page): Promise<PageViewer> {
    const home = page ?? (await this.blankPage(http));
    const id = `v${this.#viewers++}`;
    await home.evaluate(`void (viewers.${id} = new Viewer())`);
    return new PageViewer(home, id);
  }

  /** A publisher on a page of its own, or on `page`. */
  async publisher(http: string, page?: Page): Promise<PagePublisher> {
    const home = page ?? (await this.blankPage(http));
    const id = `p${this.#viewers++}`;
    await home.evaluate(`void (publishers.${id} = new Publisher())`);
    return new PagePublisher(home, id);
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
