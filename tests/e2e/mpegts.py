"""mpegts.py - a small reader of MPEG transport stream segments, for judging them.

Written apart from src/hls on purpose: it is the other opinion. It reads one whole segment and keeps
what a viewer must know of it: where the tables stand, the continuity counters at both ends of every
PID, and the time stamp of every picture and sound frame. Faults are collected, never raised.
"""

PACKET = 188
NULL_PID = 0x1FFF
H264, HEVC = 0x1B, 0x24
AAC, MP3, MP3_LSF = 0x0F, 0x03, 0x04
VIDEO_TYPES = {H264, HEVC, 0x01, 0x02, 0x10}
AC3, EAC3, PRIVATE, OPUS = 0x81, 0x87, 0x06, 0x106  # the last: private data that says it is Opus
AUDIO_TYPES = {AAC, 0x11, MP3, MP3_LSF, AC3, EAC3, OPUS}
AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
MP3_BITRATES = {  # kbit/s by (is MPEG 1) and index, layer III
    True: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    False: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}


def crc32(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
    return crc


def timestamp(p):
    return ((p[0] >> 1 & 7) << 30) | (p[1] << 22) | ((p[2] >> 1) << 15) | (p[3] << 7) | (p[4] >> 1)


def adts_frames(data):
    """(number of frames, samples each, sample rate, fault or None) of AAC in ADTS."""
    count, rate, at = 0, 0, 0
    while at + 7 <= len(data):
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            return count, 1024, rate, "no ADTS header where one was due"
        index = data[at + 2] >> 2 & 0x0F
        rate = AAC_RATES[index] if index < len(AAC_RATES) else 0
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if length < 7:
            return count, 1024, rate, "ADTS frame of %d bytes" % length
        count += 1 + (data[at + 6] & 3)
        at += length
    return count, 1024, rate, None if at == len(data) else "ADTS frame cut off"


def mp3_frames(data):
    """The same for MPEG audio layer III."""
    count, rate, samples, at = 0, 0, 1152, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
            return count, samples, rate, "no MP3 header where one was due"
        version = data[at + 1] >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
        bits, index = data[at + 2] >> 4, data[at + 2] >> 2 & 3
        if index == 3 or bits in (0, 15) or version == 1:
            return count, samples, rate, "broken MP3 header"
        rate = [44100, 48000, 32000][index] // {3: 1, 2: 2, 0: 4}[version]
        samples = 1152 if version == 3 else 576
        bitrate = MP3_BITRATES[version == 3][bits] * 1000
        count += 1
        at += samples // 8 * bitrate // rate + (data[at + 2] >> 1 & 1)
    return count, samples, rate, None if at == len(data) else "MP3 frame cut off"


def ac3_frames(data):
    """The same for AC-3 and E-AC-3 of six blocks, which is what encoders make."""
    rate = [48000, 44100, 32000, 0][data[4] >> 6] if data[:2] == b"\x0b\x77" else 0
    return (1, 1536, rate, None) if rate else (0, 1536, 0, "no AC-3 header where one was due")


def opus_frames(data):
    """The same for Opus packets of one frame behind their control headers."""
    count, samples, at = 0, 960, 0
    while at + 3 <= len(data):
        if data[at] != 0x7F or data[at + 1] & 0xE0 != 0xE0:
            return count, samples, 48000, "no control header where one was due"
        extra = 2 * bool(data[at + 1] & 0x10) + 2 * bool(data[at + 1] & 0x08)
        at, size = at + 2, 0
        while data[at] == 0xFF:
            size, at = size + 255, at + 1
        size, at = size + data[at], at + 1 + extra
        config = data[at] >> 3
        samples = ([480, 960, 1920, 2880][config & 3] if config < 12 else [480, 960][config & 1]
                   if config < 16 else [120, 240, 480, 960][config & 3])
        count, at = count + 1, at + size
    return count, samples, 48000, None if at == len(data) else "Opus packet cut off"


def nal_units(data):
    """Yields (first byte, next byte) of each NAL unit."""
    at = data.find(b"\x00\x00\x01")
    while at >= 0 and at + 4 < len(data):
        yield data[at + 3], data[at + 4]
        at = data.find(b"\x00\x00\x01", at + 3)


class Frame:
    """One video access unit, or one PES packet of audio with `count` frames."""

    __slots__ = ("pts", "dts", "count", "samples", "rate")

    def __init__(self, pts, dts, count=1, samples=0, rate=0):
        self.pts, self.dts, self.count, self.samples, self.rate = pts, dts, count, samples, rate


class Segment:
    """What one segment says. `faults`: sentences, empty when all is well."""

    def __init__(self, data):
        self.faults = []
        self.streams = {}  # PID -> stream type
        self.first_counter = {}  # PID -> counter that came first and whether it was a payload's
        self.last_counter = {}
        self.video, self.audio = [], []
        self.video_type = self.audio_type = 0
        self.starts_with_idr = None
        self._pmt_pid = None
        self._units = {}  # PID -> PES bytes being gathered
        self._read(data)

    def fault(self, text):
        if len(self.faults) < 20:
            self.faults.append(text)

    def _read(self, data):
        if not data or len(data) % PACKET:
            self.fault("%d bytes are no whole number of packets" % len(data))
        for index in range(len(data) // PACKET):
            packet = data[index * PACKET:(index + 1) * PACKET]
            if packet[0] != 0x47:
                self.fault("packet %d: no sync byte" % index)
                return
            self._packet(index, packet)
        for pid in list(self._units):
            self._end_unit(pid)
        if not self.streams:
            self.fault("no PAT and PMT")
        elif not self.video and not self.audio:
            self.fault("neither a picture nor sound")

    def _packet(self, index, packet):
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid == NULL_PID:
            return
        if packet[1] & 0x80 or packet[3] & 0xC0:
            self.fault("packet %d: damaged or scrambled" % index)
        control, start = packet[3] >> 4 & 3, 4
        may_jump = False
        if control & 2:
            start = 5 + packet[4]
            if packet[4] > (182 if control == 3 else 183):
                self.fault("packet %d: adaptation field of %d bytes" % (index, packet[4]))
                return
            may_jump = packet[4] > 0 and bool(packet[5] & 0x80)
        self._count(index, pid, packet[3] & 0x0F, bool(control & 1), may_jump)
        if index == 0 and pid != 0:
            self.fault("the first packet is no PAT")
        if index == 1 and pid != self._pmt_pid:
            self.fault("the second packet is no PMT")
        if not control & 1:
            return
        payload, is_start = packet[start:], bool(packet[1] & 0x40)
        if pid == 0:
            self._pat(payload)
        elif pid == self._pmt_pid:
            self._pmt(payload)
        elif pid in self.streams:
            if is_start:
                self._end_unit(pid)
                self._units[pid] = [payload]
            elif pid in self._units:
                self._units[pid].append(payload)
            else:
                self.fault("PID %d starts inside an access unit" % pid)

    def _count(self, index, pid, counter, has_payload, may_jump):
        if pid not in self.first_counter:
            self.first_counter[pid] = (counter, has_payload)
        elif not may_jump:
            due = (self.last_counter[pid] + has_payload) & 0x0F
            if counter != due:
                self.fault("packet %d, PID %d: counter %d where %d was due" % (index, pid, counter, due))
        self.last_counter[pid] = counter

    def _section(self, payload, table_id, name):
        start = 1 + payload[0]
        size = 3 + ((payload[start + 1] & 0x0F) << 8 | payload[start + 2]) if start + 3 < len(payload) else 0
        section = payload[start:start + size]
        if size < 12 or len(section) < size or section[0] != table_id or crc32(section):
            self.fault("broken " + name)
            return None
        return section

    def _pat(self, payload):
        section = self._section(payload, 0, "PAT")
        for at in range(8, len(section) - 4, 4) if section else ():
            if section[at] or section[at + 1]:
                self._pmt_pid = (section[at + 2] & 0x1F) << 8 | section[at + 3]
                return

    def _pmt(self, payload):
        section = self._section(payload, 2, "PMT")
        if not section:
            return
        streams, at = {}, 12 + ((section[10] & 0x0F) << 8 | section[11])
        while at + 5 <= len(section) - 4:
            size = (section[at + 3] & 0x0F) << 8 | section[at + 4]
            is_opus = section[at] == PRIVATE and b"\x05\x04Opus" in section[at + 5:at + 5 + size]
            streams[(section[at + 1] & 0x1F) << 8 | section[at + 2]] = OPUS if is_opus else section[at]
            at += 5 + size
        if self.streams and streams != self.streams:
            self.fault("the PMT changes inside the segment")
        self.streams = streams
        kinds = list(streams.values())
        self.video_type = next((t for t in kinds if t in VIDEO_TYPES), 0)
        self.audio_type = next((t for t in kinds if t in AUDIO_TYPES), 0)

    def _end_unit(self, pid):
        parts = self._units.pop(pid, None)
        if not parts:
            return
        pes = b"".join(parts)
        if len(pes) < 9 or pes[:3] != b"\x00\x00\x01" or len(pes) < 9 + pes[8]:
            self.fault("PID %d: broken PES header" % pid)
            return
        flags, pts, dts = pes[7] >> 6, None, None
        if flags & 2 and pes[8] >= 5:
            pts = dts = timestamp(pes[9:14])
        if flags == 3 and pes[8] >= 10:
            dts = timestamp(pes[14:19])
        declared = pes[4] << 8 | pes[5]
        if declared and declared + 6 != len(pes):
            self.fault("PID %d: PES packet of %d bytes says %d" % (pid, len(pes), declared + 6))
        body = pes[9 + pes[8]:]
        kind = self.streams[pid]
        if pts is None and kind in VIDEO_TYPES | AUDIO_TYPES:
            self.fault("PID %d: PES packet without PTS" % pid)
        elif kind in VIDEO_TYPES:
            self._picture(kind, body, pts, dts)
        elif kind in AUDIO_TYPES:
            self._sound(kind, body, pts)

    def _picture(self, kind, body, pts, dts):
        pictures, has_idr = 0, False
        for head, following in nal_units(body):
            if kind == H264 and head & 0x1F in (1, 5):
                pictures += following >> 7  # first_mb_in_slice is 0
                has_idr |= head & 0x1F == 5
            elif kind == HEVC and head >> 1 & 0x3F < 32:
                pictures += 1 if not pictures else 0
                has_idr |= 16 <= (head >> 1 & 0x3F) <= 23
        if kind in (H264, HEVC) and pictures != 1:
            self.fault("%d pictures in one PES packet" % pictures)
        if self.starts_with_idr is None:
            self.starts_with_idr = has_idr or kind not in (H264, HEVC)
            if not self.starts_with_idr:
                self.fault("the first picture is no random access point")
        self.video.append(Frame(pts, dts))

    def _sound(self, kind, body, pts):
        reader = {AAC: adts_frames, MP3: mp3_frames, MP3_LSF: mp3_frames, AC3: ac3_frames,
                  EAC3: ac3_frames, OPUS: opus_frames}.get(kind)
        if reader is None:
            self.audio.append(Frame(pts, pts))
            return
        count, samples, rate, fault = reader(body)
        if fault:
            self.fault("audio: " + fault)
        self.audio.append(Frame(pts, pts, count, samples, rate))

    @property
    def audio_frames(self):
        return sum(frame.count for frame in self.audio)
