// The servers that `npm run bench` loads: the gateway, and nginx with its RTMP module where it is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from './lib/run.mjs';

const SERVING = /^rtmp-gateway: serving rtmp=(\S+) .*\bpid=(\d+)$/m;
/** Where Debian's package libnginx-mod-rtmp puts the module. */
const NGINX_MODULE = process.env.NGINX_RTMP_MODULE ?? '/usr/lib/nginx/modules/ngx_rtmp_module.so';
const NGINX = process.env.NGINX ?? 'nginx';
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// Without this a signal would end us with no `exit` event, and leave the server behind.
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(code));
}

function launch(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  child.log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      child.log = (child.log + chunk).slice(-20_000);
    });
  }
  child.ended = new Promise((resolve) => {
    child.on('error', (error) => {
      child.log += error.message;
      running.delete(child);
      resolve();
    });
    child.on('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  return child;
}

async function stop(child) {
  child.kill('SIGTERM');
  await Promise.race([child.ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  child.kill('SIGKILL');
  await child.ended;
}

/** Polls until `ready` gives something, or ends with what the server said. */
async function started(child, name, ready) {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const result = ready();
    if (result) return result;
    if (Date.now() > deadline || !running.has(child)) fail(`${name} did not start:\n${child.log}`);
    await sleep(50);
  }
}

/** The names of the command-line settings that a gateway knows, by its help. */
export function gatewaySettings(cli) {
  const { stdout } = spawnSync(process.execPath, [cli, 'start', '--help'], { encoding: 'utf8' });
  return new Set([...(stdout ?? '').matchAll(/^\s+--([a-z-]+)/gm)].map(([, name]) => name));
}

/** Starts a gateway on free ports of 127.0.0.1; `known` are its settings; resolves to `{ target, pid, stop }`. */
export async function startGateway(cli, known, given) {
  const ports = [...known].filter((name) => name.endsWith('-port')).map((name) => [name, '0']);
  const settings = { host: '127.0.0.1', 'log-level': 'error', ...Object.fromEntries(ports), ...given };
  const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const child = launch(process.execPath, [cli, 'start', ...flags]);
  const [, target, pid] = await started(child, 'the gateway', () => SERVING.exec(child.log));
  return { target, pid: Number(pid), stop: () => stop(child) };
}

/** Why nginx is not measured beside us, or undefined when it can be. */
export function nginxMissing() {
  if (spawnSync(NGINX, ['-v'], { timeout: 10_000 }).status !== 0) return 'nginx is not installed';
  if (!existsSync(NGINX_MODULE)) return 'nginx has no RTMP module (on Debian: libnginx-mod-rtmp)';
  return undefined;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts nginx with one worker and its RTMP defaults (Nagle's algorithm on); the same shape as the gateway. */
export async function startNginx() {
  const folder = mkdtempSync(join(tmpdir(), 'rtmp-gateway-bench-'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `load_module ${NGINX_MODULE};
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000;
pid ${folder}/pid; error_log ${folder}/error.log error;
events { worker_connections 15000; }
rtmp { access_log off; server { listen 127.0.0.1:${port}; chunk_size 65536; max_streams 64; application load { live on; } } }
`,
  );
  const child = launch(NGINX, ['-p', folder, '-c', file, '-e', `${folder}/error.log`]);
  const pid = await started(
    child,
    'nginx',
    () => existsSync(`${folder}/pid`) && Number(readFileSync(`${folder}/pid`)),
  );
  return {
    target: `127.0.0.1:${port}`,
    pid,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
