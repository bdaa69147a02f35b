"""numbered.py - pictures that carry their number, and what a player's record of them says.

The top of each picture is a strip of 16 blocks of 20x16 pixels, black or white: white, black, twelve
bits of the number (highest first), and the count of its ones modulo 4. Blocks that large survive any
bit rate, and a reader needs only the brightness of their centres. The numbers count from 0 to
LOOP - 1 and start again with the file, so a jump of up to LOOP / 2 pictures has one meaning.

Record is what one player showed; its judgement is pure, so that test_players.py can prove that each
kind of fault is seen.
"""

import dataclasses
import hashlib
import subprocess

import chain

RATE = 25
LOOP = 4000  # pictures; 160 s, which is also a whole number of AAC frames
LASTING = 5  # pictures in a row that a browser must agree with itself on
BLOCKS, BLOCK, HEIGHT = 16, 20, 16
WIDTH = BLOCKS * BLOCK


def strip(number):
    """The 16 blocks of a number, as bytes of 0 and 255."""
    bits = [1, 0] + [number >> i & 1 for i in range(11, -1, -1)]
    ones = bin(number).count("1") % 4
    return bytes(255 * bit for bit in bits + [ones >> 1, ones & 1])


NUMBERS = {strip(number): number for number in range(LOOP)}
# ffmpeg prints MD5s of pictures: of these it is given nothing but 16 pixels, black or white.
MD5S = {hashlib.md5(pixels).hexdigest(): number for pixels, number in NUMBERS.items()}
FFMPEG_READER = (f"crop={WIDTH}:{HEIGHT}:0:0,format=gray,scale={BLOCKS}:1:flags=area,"
                 "lut=c0=if(gt(val\\,128)\\,255\\,0),setsar=1")


def material(name="numbered", gop_s=2.0, bframes=2, kbps=700):
    """An H.264 + AAC file of LOOP pictures; made once per run of a test program."""
    gop = int(gop_s * RATE)
    return chain.made(name + ".mp4", lambda path: subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y",
         "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{BLOCKS}x1", "-r", str(RATE), "-i", "pipe:0",
         "-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x164:r={RATE}",
         "-f", "lavfi", "-i", "sine=r=48000:b=2", "-t", str(LOOP // RATE),
         "-filter_complex", f"[0:v]scale={WIDTH}:{HEIGHT}:flags=neighbor,format=yuv420p[strip];"
         "[1:v]format=yuv420p[test];[strip][test]vstack",
         "-c:v", "libx264", "-preset", "ultrafast", "-bf", str(bframes), "-g", str(gop),
         "-keyint_min", str(gop), "-sc_threshold", "0", "-b:v", f"{kbps}k",
         "-pix_fmt", "yuv420p", *chain.sound_arguments(LOOP // RATE), str(path)],
        input=b"".join(strip(number) for number in range(LOOP)), check=True))


def step(before, after):
    """From one number to another, the shorter way round the loop: 1 is the next picture."""
    return (after - before + LOOP // 2) % LOOP - LOOP // 2


@dataclasses.dataclass
class Shown:
    """One picture: when it came, its time on the media's timeline, and its number (None: unreadable)."""
    wall_s: float
    media_s: float
    number: int


@dataclasses.dataclass
class Finding:
    """One fault, and the span of wall time in which its cause lies."""
    kind: str  # missing, repeated, unreadable, stall, error, hole
    wall_s: float
    amount: float  # pictures, or ms
    detail: str

    def __str__(self):
        return f"{self.wall_s:.2f}: {self.kind} {self.amount:g} ({self.detail})"


def judge_numbers(shown):
    """Jumps of the number, of a player that decodes every picture and tells each."""
    findings, last = [], None
    for picture in shown:
        if picture.number is None:
            findings.append(unreadable(picture))
            continue
        if last is not None:
            jump = step(last.number, picture.number) - 1
            if jump:
                findings.append(jumped(last, picture, jump))
        last = picture
    return findings


def judge_painted(shown):
    """The same of a player that does not paint every picture when it is busy: the number against
    media time. So a picture that was not painted is none that is missing; and since a browser may
    paint the next picture between telling the time of one and handing it over, only what lasts
    counts: a picture that is really missing shifts all that follow."""
    findings = [unreadable(picture) for picture in shown if picture.number is None]
    runs = []  # [offset, first picture, last picture, how many]
    for picture in shown:
        if picture.number is None:
            continue
        offset = picture.number - picture.media_s * RATE
        if runs and abs(wrapped(offset - runs[-1][0])) < 0.6:
            runs[-1][2:] = picture, runs[-1][3] + 1
        else:
            runs.append([offset, picture, picture, 1])
    lasting = [run for run in runs if run[3] >= LASTING]
    for before, after in zip(lasting, lasting[1:]):
        jump = round(wrapped(after[0] - before[0]))
        if -3 <= jump < 0 < step(before[2].number, after[1].number):
            # No number came twice: the timeline was stretched between two pictures.
            findings.append(Finding("hole", after[1].wall_s, -jump * 1000 / RATE,
                                    f"between {before[2].number} and {after[1].number}"))
        elif jump:
            findings.append(jumped(before[2], after[1], jump))
    return findings


def judge_drift(shown):
    """Where the numbers go on and the media's time does not keep step with them, though no
    picture is missing."""
    return [finding for finding in judge_painted(shown) if finding.kind == "hole"]


def wrapped(pictures):
    return (pictures + LOOP / 2) % LOOP - LOOP / 2


def unreadable(picture):
    return Finding("unreadable", picture.wall_s, 1, f"at {picture.media_s:.3f} s")


def jumped(before, picture, jump):
    return Finding("missing" if jump > 0 else "repeated", picture.wall_s, abs(jump),
                   f"{picture.number} follows {before.number} at {picture.media_s:.3f} s, "
                   f"{picture.media_s - before.media_s:.3f} s later")


def judge_arrival(shown, tolerance_ms, start_s=0.0):
    """Stalls of a viewer that shows each picture when it is due, and for whom the player decodes as
    fast as it gets data: what came later than due holds everything after it up. The first is due
    `start_s` after it came."""
    findings, due = [], None
    for before, picture in zip(shown, shown[1:]):
        if due is None:
            due = before.wall_s + start_s
        length = picture.media_s - before.media_s
        due += length if 0 < length < 1 else 1 / RATE  # at a change of timelines: the next picture
        late_ms = (picture.wall_s - due) * 1000
        if late_ms > 0:
            due = picture.wall_s
            if late_ms > tolerance_ms:
                findings.append(Finding("stall", picture.wall_s, round(late_ms),
                                        f"before number {picture.number}"))
    return findings


def judge_pace(shown, hungry, tolerance_ms, busy_ms):
    """Stalls of a player that shows pictures by its clock: the picture stood for too long. It is
    known when the player was `hungry` (spans of time); a standstill without that is a busy machine's,
    up to `busy_ms`."""
    findings = []
    for before, picture in zip(shown, shown[1:]):
        stood_ms = (picture.wall_s - before.wall_s - 1 / RATE) * 1000
        was_hungry = any(begin <= picture.wall_s and end >= before.wall_s for begin, end in hungry)
        if stood_ms > (tolerance_ms if was_hungry else busy_ms):
            findings.append(Finding("stall", picture.wall_s, round(stood_ms),
                                    f"number {before.number} stood"))
    return findings
