// What the page says, in English and Chinese. What the mock itself says (messages of violations, problems) is English.

const WORDS = {
  'page.title': ['smsload mock', 'smsload 模拟服务'],
  'skip': ['Skip to the downloads', '跳到下载任务'],
  'nav': ['Parts of this page', '页面导航'],
  'language': ['中文', 'English'],
  'language.label': ['切换到中文', 'Switch to English'],

  'link.wait': ['Connecting', '正在连接'],
  'link.live': ['Live', '实时'],
  'link.lost': ['Connection lost', '连接已断开'],
  'lost.text': ['You see what was known last.', '当前显示的是断开前的状态。'],
  'lost.now': ['Try now', '立即重试'],

  'world': ['World', '租户空间'],
  'world.help': ['Each value of tenant-id has downloads, a clock, faults and a journal of its own', '每个 tenant-id 都有独立的任务、时钟、故障规则和请求记录'],
  'world.default': ['default', '默认'],
  'world.other': ['another name…', '其他名称…'],
  'world.name': ['tenant-id of the world', '租户空间的 tenant-id'],
  'world.enter': ['Enter', '进入'],
  'world.jobs': ['{name} ({jobs})', '{name}（{jobs}）'],

  'clock': ['Clock', '时钟'],
  'clock.zone': ['UTC+8', 'UTC+8'],
  'clock.pause': ['Pause', '暂停'],
  'clock.resume': ['Go on', '继续'],
  'clock.paused': ['stands still', '已暂停'],
  'clock.speed': ['Speed', '倍速'],
  'clock.advance': ['Advance by', '快进'],
  'clock.second': ['1 s', '1 秒'],
  'clock.minute': ['1 min', '1 分钟'],
  'clock.hour': ['1 h', '1 小时'],
  'clock.seconds': ['Seconds to advance', '快进的秒数'],
  'clock.unit': ['s', '秒'],
  'clock.go': ['Advance', '快进'],

  'jobs': ['Downloads', '下载任务'],
  'jobs.states': ['Which downloads are shown', '显示哪些任务'],
  'state.all': ['All', '全部'],
  'state.waiting': ['Waiting', '等待中'],
  'state.running': ['Running', '下载中'],
  'state.stalled': ['Stalled', '已停滞'],
  'state.failed': ['Failed', '失败'],
  'state.finished': ['Finished', '已完成'],
  'jobs.empty': ['No downloads yet', '还没有下载任务'],
  'jobs.empty.text': [
    'Let your client start one, or start the example of the contract to see how it goes.',
    '请用您的客户端发起下载，或者先启动契约里的示例看看效果。',
  ],
  'jobs.empty.start': ['Start the example download', '启动示例下载'],
  'jobs.none': ['No download is in this state.', '没有处于该状态的任务。'],
  'jobs.newer': ['Newest', '最新'],
  'jobs.older': ['Older', '更早'],
  'job.progress': ['Progress of {id}', '{id} 的进度'],
  'job.size': ['{done} of {bytes}', '{done} / {bytes}'],
  'job.length': ['{seconds} of video', '视频时长 {seconds}'],
  'job.ends': ['ends in {time}', '{time}后结束'],
  'job.endless': ['does not go on by itself', '不会自行继续'],
  'job.stall': ['Stall', '停滞'],
  'job.resume': ['Resume', '恢复'],
  'job.fail': ['Fail', '置为失败'],
  'job.finish': ['Finish', '立即完成'],
  'job.delete': ['Delete', '删除'],
  'job.do': ['{what}: {id}', '{what}:{id}'],
  'job.file': ['Open the file', '打开文件'],
  'job.nofile': ['no file yet', '文件尚未生成'],
  'job.filefailed': ['no file: it failed', '下载失败，没有文件'],
  'job.calls': ['Callbacks: {ok} acknowledged', '回调：{ok} 次已确认'],
  'job.calls.bad': ['{bad} went wrong', '{bad} 次出错'],
  'job.calls.none': ['No callback was sent for it.', '没有发送过回调。'],
  'job.more': ['Details', '详情'],
  'job.id': ['Id', '标识'],
  'job.course': ['Course', '进度方式'],
  'job.started': ['Accepted', '受理时间'],
  'job.window': ['{start} to {end}', '{start} 至 {end}'],
  'call.message': ['Message', '消息'],
  'call.attempt': ['Attempt', '尝试'],
  'call.result': ['Result', '结果'],
  'call.which': ['message {delivery}, attempt {attempt}', '第 {delivery} 条消息，第 {attempt} 次尝试'],
  'call.which.last': ['message {delivery} (last), attempt {attempt}', '第 {delivery} 条消息（最后），第 {attempt} 次尝试'],
  'call.last': ['{delivery} (last)', '{delivery}（最后）'],

  'journal': ['Journal', '请求记录'],
  'journal.which': ['Which entries are shown', '显示哪些记录'],
  'journal.all': ['All', '全部'],
  'journal.violations': ['Violations', '违反契约'],
  'journal.refused': ['Refused', '被拒绝'],
  'journal.faults': ['Faults', '命中故障'],
  'journal.callbacks': ['Callbacks', '回调'],
  'journal.empty': ['Nothing was asked yet', '还没有收到请求'],
  'journal.empty.text': ['Point your client at this address:', '请把客户端指向这个地址：'],
  'journal.none': ['No entry is of this kind.', '没有这类记录。'],
  'journal.off': [
    'The mock keeps no journal: it was started with --journal 0.',
    '模拟服务没有保存请求记录：启动时使用了 --journal 0。',
  ],
  'journal.more': ['Show {n} more', '再显示 {n} 条'],
  'journal.dropped': ['{n} older entries had to make room.', '{n} 条更早的记录已被清除。'],
  'journal.clear': ['Clear', '清空'],
  'journal.clear.label': ['Clear the journal', '清空请求记录'],
  'journal.request': ['Request', '请求'],
  'journal.answer': ['Answer', '响应'],
  'journal.headers': ['Headers', '请求头'],
  'journal.sent': ['Sent', '发送内容'],
  'journal.curl': ['Copy as curl', '复制为 curl'],
  'journal.curl.cut': [
    'The body was too long to be kept whole: the request cannot be repeated.',
    '请求体过长，未完整保存，无法重放。',
  ],
  'journal.copied': ['Copied', '已复制'],
  'journal.absent': ['missing', '缺失'],
  'journal.twice': ['stands twice; the last one counted', '出现两次，以最后一个为准'],
  'journal.cut': ['… cut; the whole has {length} bytes', '……已截断，完整长度 {length} 字节'],
  'journal.nobody': ['no body', '没有请求体'],
  'journal.noanswer': ['no answer', '没有响应'],
  'journal.count': ['{n} violations', '{n} 处违反'],
  'journal.count1': ['1 violation', '1 处违反'],
  'journal.more-violations': ['{n} more are not listed', '另有 {n} 处未列出'],
  'journal.fault': ['fault {id}', '故障 {id}'],
  'journal.error': ['refused as {error}', '拒绝原因：{error}'],
  'outcome.started': ['started', '已启动'],
  'outcome.read': ['read', '查询'],
  'outcome.example': ['example', '示例'],
  'outcome.refused': ['refused', '拒绝'],
  'outcome.fault': ['fault', '故障'],
  'then.acknowledged': ['acknowledged', '已确认'],
  'then.retry': ['will be tried again', '将重试'],
  'then.given-up': ['given up', '已放弃'],
  'then.stopped': ['stopped', '已停止'],
  'then.held': ['held back', '已延后'],
  'kind.callback': ['callback to {address}', '回调 {address}'],

  'send.short': ['Send', '发送'],
  'send': ['Send a request', '发送请求'],
  'send.text': ['As a client would. Change it and see what the contract says.', '与客户端的请求相同。可以修改后再发，看看契约怎么说。'],
  'send.operation': ['Operation', '接口'],
  'send.example': ['Example', '示例'],
  'send.body': ['Body (JSON)', '请求体（JSON）'],
  'send.go': ['Send', '发送'],
  'send.took': ['HTTP {status} after {ms} ms', 'HTTP {status}，耗时 {ms} 毫秒'],

  'faults': ['Faults', '故障规则'],
  'faults.empty': ['No faults: every request is answered as the contract says.', '没有故障规则：所有请求都按契约响应。'],
  'faults.clear': ['Remove all', '全部移除'],
  'faults.remove': ['Remove', '移除'],
  'faults.remove.label': ['Remove fault {id}', '移除故障 {id}'],
  'faults.hits': ['hit {hits} of {seen}', '命中 {hits} / {seen}'],
  'faults.add': ['Add a fault', '添加故障规则'],
  'faults.submit': ['Add', '添加'],
  'fault.on': ['On', '对象'],
  'fault.any': ['every request', '所有请求'],
  'fault.callbacks': ['callbacks that the mock sends', '模拟服务发出的回调'],
  'fault.member': ['Member (optional)', '成员（可选）'],
  'fault.value': ['Value', '值'],
  'fault.when': ['Which of them', '哪几次'],
  'fault.always': ['each', '每次'],
  'fault.nth': ['only number', '仅第'],
  'fault.every': ['one of every', '每几次中的一次'],
  'fault.times': ['the first', '前'],
  'fault.number': ['Number', '次数'],
  'fault.action': ['What happens', '怎么处理'],
  'fault.error': ['refused by the contract', '按契约拒绝'],
  'fault.errorname': ['Error', '错误'],
  'fault.status': ['HTTP status', 'HTTP 状态码'],
  'fault.delay_ms': ['delayed', '延迟'],
  'fault.ms': ['Milliseconds', '毫秒'],
  'fault.reset': ['connection reset', '连接重置'],
  'fault.hang': ['no answer', '不响应'],
  'fault.garbage': ['broken JSON', '损坏的 JSON'],
  'fault.cut_body_at': ['body cut off', '响应体被截断'],
  'fault.bytes': ['Bytes', '字节数'],
  'fault.duplicate': ['sent twice', '重复发送'],
  'fault.drop': ['never sent', '丢弃'],
  'fault.out_of_order': ['sent out of order', '乱序发送'],
  'said.all': ['every request', '所有请求'],
  'said.callbacks': ['callbacks', '回调'],
  'said.nth': ['only number {n}', '仅第 {n} 次'],
  'said.every': ['once every {n}', '每 {n} 次一次'],
  'said.times': ['the first {n}', '前 {n} 次'],
  'said.with': ['with {members}', '其中 {members}'],

  'tools': ['This world', '租户空间管理'],
  'tools.save': ['Download a snapshot', '下载快照'],
  'tools.load': ['Restore a snapshot', '恢复快照'],
  'tools.reset': ['Reset', '重置'],
  'tools.reset.ask': ['Reset this world?', '重置该租户空间？'],
  'tools.reset.text': [
    'Downloads, journal and faults of this world are forgotten, and its clock starts again. Other worlds stay as they are.',
    '该空间的任务、记录和故障规则都会清除，时钟重新开始。其他空间不受影响。',
  ],
  'tools.cancel': ['Cancel', '取消'],
  'tools.reset.yes': ['Reset', '重置'],
  'tools.docs': ['Description for programs', '接口描述'],

  'copy.by-hand': ['This browser does not let a page copy here. Copy it yourself:', '浏览器不允许此页面复制，请手动复制：'],
  'close': ['Close', '关闭'],
  'error.title': ['It did not work', '操作失败'],
  'error.unreachable': [
    'The mock cannot be reached. Start it again on the same port; this page goes on by itself.',
    '无法连接模拟服务。请在同一端口重新启动，页面会自动恢复。',
  ],
  'error.snapshot': ['This file is no snapshot: it is no JSON.', '这个文件不是快照：它不是 JSON。'],
};

const STORE = 'smsload.language';
let language = 0;

function remembered() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null; // Storage may be forbidden; then the browser's language decides each time.
  }
}

/** Chooses the language: the remembered one, else the browser's. */
export function settle() {
  const chosen = remembered() ?? (navigator.language ?? '').toLowerCase();
  language = chosen.startsWith('zh') ? 1 : 0;
}

export function switchLanguage() {
  language = 1 - language;
  try {
    localStorage.setItem(STORE, code());
  } catch {
    // Then it holds until the page is left.
  }
}

export const code = () => (language ? 'zh-CN' : 'en');

/** The words for a key, with `{names}` filled in. */
export function t(key, values = {}) {
  const words = WORDS[key]?.[language] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const has = (key) => key in WORDS;

/** Writes the words of everything that names a key: `data-t` its text, `data-t-label` its name for who cannot see it. */
export function write(root) {
  document.documentElement.lang = code();
  document.title = t('page.title');
  for (const element of root.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll('[data-t-label]')) element.setAttribute('aria-label', t(element.dataset.tLabel));
}

/** 1536 as `1.5 kB`. */
export function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString(code(), {maximumFractionDigits: value < 10 && unit ? 1 : 0})} ${units[unit]}`;
}

/** 5025 seconds as `1:23:45`, less than a minute as `45 s`. */
export function span(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} ${t('clock.unit')}`;
  const two = (n) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const DAY = new Intl.DateTimeFormat('sv-SE', {timeZone: 'Asia/Shanghai', dateStyle: 'short'});
const TIME = new Intl.DateTimeFormat('sv-SE', {timeZone: 'Asia/Shanghai', timeStyle: 'medium'});

/** A time as the devices' local time, UTC+8. */
export function clockTime(milliseconds) {
  const at = new Date(milliseconds);
  return Number.isNaN(at.getTime()) ? ['', ''] : [DAY.format(at), TIME.format(at)];
}
