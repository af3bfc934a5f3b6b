// A client of the recording-download API: start a download, follow it, fetch the file. Node's own modules only.
//
//   const client = new SmsClient('http://127.0.0.1:4010');
//   const download = await client.start(device, channel, '2025-04-04T21:36:17', '2025-04-04T21:46:17');
//   const progress = await client.wait(download.streamId);
//   await client.fetch(progress.fileUrl, 'recording.mp4', download.size);

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** The server answered something that is neither an acceptance nor a rejection, or not at all. */
export class SmsError extends Error {}

/** The server said no. `code` is its own table's; the message names what is wrong. */
export class Rejected extends SmsError {
  constructor(code, message) {
    super(`${message} (code ${code})`);
    this.code = code;
  }
}

/** A download that was accepted has failed, or is not known any more; start it again. */
export class DownloadFailed extends SmsError {}

/** A download has made no progress for too long. It may go on later; its id stays valid. */
export class DownloadStalled extends SmsError {}

const progressOf = (percent, fileUrl) => ({
  percent: Number(percent),
  fileUrl: fileUrl ?? '',
  isFinished: Number(percent) >= 100 && Boolean(fileUrl),
});

/** Speaks to one server. `tenantId` and `token` are the API's optional headers. */
export class SmsClient {
  constructor(url, { tenantId, token, timeout = 10_000 } = {}) {
    this.url = url.replace(/\/+$/, '');
    this.timeout = timeout;
    this.headers = { 'content-type': 'application/json' };
    if (tenantId !== undefined) this.headers['tenant-id'] = tenantId;
    if (token !== undefined) this.headers.Token = token;
  }

  /** Starts a download. Times are `YYYY-MM-DDTHH:mm:ss`, the platform's local time. */
  async start(device, channel, start, end, { callback } = {}) {
    const data = await this.#call('download', {
      device_unicode: device,
      source_type: '3',
      channel,
      start_time: start,
      end_time: end,
      callback,
    });
    return {
      streamId: data.stream_id,
      duration: Number(data.playback_duration),
      size: Number(data.playback_file_size),
    };
  }

  async progress(streamId) {
    try {
      const data = await this.#call('queryDownloadProgress', { stream_id: streamId });
      return progressOf(data.download_progress, data.file_url);
    } catch (error) {
      if (error instanceof Rejected) throw new DownloadFailed(error.message, { cause: error });
      throw error;
    }
  }

  /**
   * Asks until the download is finished. Throws DownloadFailed, or DownloadStalled after `stallAfter` milliseconds
   * without progress.
   */
  async wait(streamId, { poll = 1_000, stallAfter = 60_000, pause = sleep, now = Date.now } = {}) {
    let last = -1;
    let since = now();
    for (;;) {
      const progress = await this.progress(streamId);
      if (progress.isFinished) return progress;
      if (progress.percent > last) {
        last = progress.percent;
        since = now();
      } else if (now() - since >= stallAfter) {
        throw new DownloadStalled(`no progress beyond ${last} % for ${stallAfter} ms`);
      }
      await pause(poll);
    }
  }

  /**
   * Fetches the file. What is there already of an earlier try is not fetched again; the name appears only once the file
   * is whole.
   */
  async fetch(fileUrl, path, size, attempts = 3) {
    const part = `${path}.part`;
    const have = async () => (await stat(part).catch(() => ({ size: 0 }))).size;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const from = await have();
      if (size > 0 && from >= size) break;
      try {
        const headers = from > 0 ? { range: `bytes=${from}-` } : {};
        const answer = await fetch(fileUrl, { headers });
        if (!answer.ok) throw new SmsError(`HTTP ${answer.status}`);
        // A server may answer a range with the whole (200); then it begins again.
        const flags = answer.status === 206 ? 'a' : 'w';
        await pipeline(Readable.fromWeb(answer.body), createWriteStream(part, { flags }));
      } catch (error) {
        if (attempt === attempts) throw new SmsError(`cannot fetch ${fileUrl}: ${error.message}`, { cause: error });
      }
    }
    const got = await have();
    if (size > 0 && got !== size) throw new SmsError(`${fileUrl} has ${got} bytes, and ${size} were announced`);
    await rename(part, path);
  }

  async #call(operation, body) {
    const url = `${this.url}/api/smsload/playback/v1/${operation}`;
    let status;
    let text;
    try {
      const signal = AbortSignal.timeout(this.timeout);
      const answer = await fetch(url, {
        method: 'POST', headers: this.headers, body: JSON.stringify(body), signal, redirect: 'manual',
      });
      status = answer.status;
      text = await answer.text();
    } catch (error) {
      throw new SmsError(`${url} does not answer: ${error.cause?.message ?? error.message}`, { cause: error });
    }
    let envelope;
    try {
      envelope = JSON.parse(text);
    } catch {
      envelope = undefined;
    }
    if (typeof envelope?.code !== 'string' || typeof envelope.message !== 'string') {
      throw new SmsError(`${url} answered HTTP ${status} without an envelope`);
    }
    // A rejection is HTTP 4xx, or HTTP 200 with another code than "0": the API allows both.
    if (envelope.code !== '0' || status >= 400) throw new Rejected(envelope.code, envelope.message);
    return envelope.data;
  }
}

/**
 * Receives progress callbacks and emits `progress` (streamId, progress). The path is unguessable; deliveries may come
 * twice or late, and are put in order by what they say: progress never goes back.
 */
export class CallbackReceiver extends EventEmitter {
  #path = `/callback/${randomBytes(16).toString('base64url')}`;
  #best = new Map();
  #server;
  #port = 0;

  get url() {
    return `http://127.0.0.1:${this.#port}${this.#path}`;
  }

  /** Listens; after a stop on the same port, so that the address given to the server stays right. */
  async start() {
    this.#server = createServer((request, answer) => {
      const chunks = [];
      let length = 0;
      request.on('data', (chunk) => {
        length += chunk.length;
        if (length > 65_536) request.destroy();
        else chunks.push(chunk);
      });
      request.on('end', () => {
        const isOurs = request.method === 'POST' && request.url === this.#path;
        answer.writeHead(isOurs ? this.#take(Buffer.concat(chunks)) : 404).end();
      });
    });
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = this.#server.address().port;
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  #take(body) {
    let told;
    try {
      told = JSON.parse(body);
    } catch {
      return 400;
    }
    const progress = progressOf(told?.downloadProgress, told?.fileUrl);
    if (typeof told?.streamId !== 'string' || Number.isNaN(progress.percent)) return 400;
    if (progress.percent >= (this.#best.get(told.streamId) ?? -1)) {
      this.#best.set(told.streamId, progress.percent);
      this.emit('progress', told.streamId, progress);
    }
    return 204;
  }
}
