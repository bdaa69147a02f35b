// origin.mjs - HLS over HTTP that a test can break: a relay to a real stream, and a server of many
import http from 'node:http';

const listen = (server) => new Promise((done) => {
  server.listen(0, '127.0.0.1', () => done(server.address().port));
});

async function end(server) {
  server.closeAllConnections();
  await new Promise((done) => { server.close(done); });
}

/** Passes a stream on. `fault` says what is wrong with it: null, 'no-segments' (each is 404) or
 * 'frozen' (the playlist stays as it is). */
export class Relay {
  static async start(url) {
    const relay = new Relay();
    relay.base = new URL(url);
    relay.fault = null;
    relay.server = http.createServer((request, response) => {
      relay.#answer(request.url, response).catch(() => response.destroy());
    });
    relay.port = await listen(relay.server);
    relay.url = `http://127.0.0.1:${relay.port}${relay.base.pathname}`;
    return relay;
  }

  async #answer(path, response) {
    const isPlaylist = path.split('?')[0].endsWith('.m3u8');
    if (isPlaylist && this.fault === 'frozen' && this.last) {
      response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl' }).end(this.last);
      return;
    }
    if (!isPlaylist && this.fault === 'no-segments') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not here\n');
      return;
    }
    const answer = await fetch(new URL(path, this.base));
    const body = Buffer.from(await answer.arrayBuffer());
    if (isPlaylist && answer.status === 200) this.last = body;
    response.writeHead(answer.status, {
      'Content-Type': answer.headers.get('content-type') ?? 'application/octet-stream',
      'Cache-Control': answer.headers.get('cache-control') ?? 'no-cache',
    }).end(body);
  }

  close() {
    return end(this.server);
  }
}

/** /N/index.m3u8 is a live playlist for any N, ten seconds a segment; nobody fetches segments. */
export class Many {
  static async start() {
    const many = new Many();
    many.server = http.createServer((request, response) => {
      if (!request.url.endsWith('.m3u8')) {
        response.writeHead(404).end();
        return;
      }
      const first = Math.floor(Date.now() / 10_000);
      const rows = [0, 1, 2, 3, 4].map((n) => `#EXT-X-PROGRAM-DATE-TIME:${
        new Date((first + n - 5) * 10_000).toISOString()}\n#EXTINF:10,\n${first + n}.ts\n`);
      response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl' }).end(
        `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:${first}\n${rows.join('')}`);
    });
    many.port = await listen(many.server);
    return many;
  }

  url(name) {
    return `http://127.0.0.1:${this.port}/${name}/index.m3u8`;
  }

  close() {
    return end(this.server);
  }
}
