/* options.c - every setting: key, type, default, limits, environment, help
 *
 * Static data. The configuration file, the options, --help, --print-config and the reference in
 * docs/ all come from here. The names in the fifth column of [switcher] are a contract with
 * existing deployments.
 */
#include "commands/options.h"

#define MS_HOUR (3600 * 1000)
#define MS_DAY (24 * MS_HOUR)

static const char *const http_schemes[] = { "http", "https", NULL };
static const char *const rtmp_schemes[] = { "rtmp", NULL };
static const char *const pull_schemes[] = { "rtmp", "rtmps", "srt", "http", "https", NULL };
static const char *const push_schemes[] = { "rtmp", "rtmps", NULL };
static const char *const log_levels[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const failbacks[] = { "auto", "sticky", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

// clang-format off
static const UsOption general_options[] = {
  { "default-stream", US_OPTION_STRING, "mystream", 1, 64, NULL, NULL,
    "Stream that is also served under /hls/ without its name" },
  { "segment-duration", US_OPTION_DURATION, "2s", 500, 30000, NULL, NULL,
    "Shortest segment; it ends at the next key frame" },
  { "playlist-length", US_OPTION_INTEGER, "10", 3, 1000, NULL, NULL,
    "Segments in a playlist" },
  { "state-dir", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Folder for what must survive a restart; empty: $STATE_DIRECTORY, else the user's state folder" },
  { "pipelines-dir", US_OPTION_STRING, "", 0, 0, NULL, "UNDERSTUDY_PIPELINES",
    "Folder of the pipeline texts; empty: the installed ones" },
  { "log-level", US_OPTION_CHOICE, "info", 0, 0, log_levels, NULL,
    "Least important lines that are logged" },
  { "log-format", US_OPTION_CHOICE, "text", 0, 0, log_formats, NULL,
    "Text for people, JSON for log collectors" },
  { NULL },
};

static const UsOption run_options[] = {
  { "publish", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Also run the synthetic publisher, so that there is something to see" },
  { "monitor", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Also run the operations desk, which watches the streams as viewers do" },
  { "log-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File that the log of all roles is appended to; empty: standard error" },
  { "status-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "JSON file with roles, processes and addresses; empty: run.json in the state folder" },
  { "hang-timeout", US_OPTION_DURATION, "10s", 1000, MS_HOUR, NULL, NULL,
    "A role that is silent for longer is killed and started again" },
  { "stop-grace", US_OPTION_DURATION, "5s", 100, MS_HOUR, NULL, NULL,
    "Time for a role to end after SIGTERM before it is killed" },
  { NULL },
};

static const char *const open_publishes[] = { "loopback", "private", "any", NULL };
static const char *const hook_failures[] = { "deny", "allow", NULL };
static const UsOption ingest_options[] = {
  { "rtmp", US_OPTION_ADDRESS, "0.0.0.0:1936", 0, 0, NULL, NULL,
    "Where encoders publish" },
  { "status", US_OPTION_ADDRESS, "127.0.0.1:8083", 0, 0, NULL, NULL,
    "Where /healthz and /metrics of the ingest are served" },
  { "rtmps", US_OPTION_ADDRESS, "", 0, 0, NULL, NULL,
    "Where encoders publish over TLS; empty: nowhere" },
  { "rtmps-certificate", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Certificate for RTMPS with what leads to its authority, PEM" },
  { "rtmps-key", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Private key of that certificate, PEM" },
  { "relay", US_OPTION_LIST, "rtmp://127.0.0.1:19361/live;rtmp://127.0.0.1:19362/live", 0, 0, rtmp_schemes, NULL,
    "Packagers that get every stream" },
  { "push", US_OPTION_ROUTES, "", 0, 0, push_schemes, NULL,
    "Other RTMP servers that get every stream, or only NAME; {stream} stands for its name" },
  { "push-ca-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "PEM file of the authorities that sign for rtmps:// servers; empty: those the system trusts" },
  { "target-duration", US_OPTION_INTEGER, "0", 0, 60, NULL, NULL,
    "EXT-X-TARGETDURATION in seconds; 0: measured when a stream starts" },
  { "takeover-silence", US_OPTION_DURATION, "2s", 0, MS_HOUR, NULL, NULL,
    "A publisher silent for so long gives way to a second one with the same key" },
  { "max-publishers", US_OPTION_INTEGER, "4", 1, 16, NULL, NULL,
    "Publishers of one stream at the same time, with keys of their own; one of them feeds it" },
  { "publisher-patience", US_OPTION_DURATION, "1s", 100, 60000, NULL, NULL,
    "How late the publisher that feeds a stream may be while another one is in time" },
  { "publisher-failback", US_OPTION_CHOICE, "auto", 0, 0, failbacks, NULL,
    "Whether a better publisher takes its stream back once it is steady" },
  { "publisher-hold-down", US_OPTION_DURATION, "10s", 0, 600000, NULL, NULL,
    "How long a better publisher must be steady before it takes its stream back" },
  { "keys-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File of stream keys; empty: none is asked for, and open-publish says who may publish" },
  { "open-publish", US_OPTION_CHOICE, "loopback", 0, 0, open_publishes, NULL,
    "Who may publish without keys file and callback: this machine, private networks too, or anybody" },
  { "on-publish", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Asked about each publisher, as nginx-rtmp does; empty: nobody" },
  { "on-publish-done", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Told when a publisher has gone; empty: nobody" },
  { "on-publish-timeout", US_OPTION_DURATION, "3s", 100, 60000, NULL, NULL,
    "How long a publisher waits for the answer; shorter than publish-timeout" },
  { "on-publish-failure", US_OPTION_CHOICE, "deny", 0, 0, hook_failures, NULL,
    "What a publisher gets when there is no answer; allow shows the name in its URL to everybody" },
  { "max-streams", US_OPTION_INTEGER, "64", 1, 10000, NULL, NULL,
    "Streams at the same time" },
  { "max-connections", US_OPTION_INTEGER, "512", 1, 100000, NULL, NULL,
    "RTMP connections at the same time" },
  { "max-connections-per-address", US_OPTION_INTEGER, "64", 0, 100000, NULL, NULL,
    "RTMP connections from one address, or IPv6 /64, other than this machine; 0: no limit of its own" },
  { "handshake-timeout", US_OPTION_DURATION, "5s", 100, 600000, NULL, NULL,
    "Time for a connection to get through its handshake, that of TLS included" },
  { "publish-timeout", US_OPTION_DURATION, "10s", 100, 600000, NULL, NULL,
    "Time after the handshake until a stream is published" },
  { "media-timeout", US_OPTION_DURATION, "10s", 0, MS_HOUR, NULL, NULL,
    "A publisher that sends neither picture nor sound for so long is closed; 0: only one that sends nothing at all" },
  { "max-message-megabytes", US_OPTION_INTEGER, "8", 1, 15, NULL, NULL,
    "Largest message, which is one picture" },
  { "max-partial-megabytes", US_OPTION_INTEGER, "16", 1, 1024, NULL, NULL,
    "Half-read messages of one connection" },
  { "max-chunk-streams", US_OPTION_INTEGER, "64", 8, 65599, NULL, NULL,
    "Chunk streams of one connection; encoders use about five" },
  { "memory-megabytes", US_OPTION_INTEGER, "0", 0, 1048576, NULL, NULL,
    "Memory of all streams together; 0: half of what the machine, container or service has" },
  { "ring-megabytes", US_OPTION_INTEGER, "256", 8, 65536, NULL, NULL,
    "Memory per stream for segments that a packager may have missed" },
  { NULL },
};

static const UsOption packager_options[] = {
  { "rtmp", US_OPTION_ADDRESS, "127.0.0.1:19361", 0, 0, NULL, NULL,
    "Where the ingest delivers" },
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8081", 0, 0, NULL, NULL,
    "Where the origin of this packager serves" },
  { "pipeline", US_OPTION_STRING, "packager-copy", 1, 128, NULL, NULL,
    "Pipeline text that makes the segments" },
  { "video-bitrate", US_OPTION_INTEGER, "2500", 1, 1000000, NULL, NULL,
    "Video in kbit/s, for pipeline texts that encode" },
  { "max-streams", US_OPTION_INTEGER, "64", 1, 10000, NULL, NULL,
    "Streams at the same time" },
  { "self-verdict", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Answer 503 for a playlist that has no input, so that any proxy in front fails over" },
  { "unknown-stream-wait", US_OPTION_DURATION, "5s", 0, 60000, NULL, NULL,
    "How long a request for a stream that does not exist yet is held" },
  { "max-connections", US_OPTION_INTEGER, "20000", 1, 1000000, NULL, NULL,
    "HTTP connections at the same time" },
  { NULL },
};
static const char *const backup_defaults[] = {
  "rtmp", "127.0.0.1:19362", "http", "0.0.0.0:8082", "video-bitrate", "1500", NULL,
};

static const UsOption origin_options[] = {
  { "root", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Folder of playlists and segments written by another packager" },
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8081", 0, 0, NULL, NULL,
    "Where the folder is served" },
  { "self-verdict", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Answer 503 for a live playlist that stands still" },
  { "poll-interval", US_OPTION_DURATION, "100ms", 10, 60000, NULL, NULL,
    "How often the folder is looked at" },
  { "max-connections", US_OPTION_INTEGER, "20000", 1, 1000000, NULL, NULL,
    "HTTP connections at the same time" },
  { NULL },
};

static const char *const standbys[] = { "auto", "off", NULL };
static const char *const buses[] = { "auto", "session", "system", "none", NULL };
static const UsOption switcher_options[] = {
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8080", 0, 0, NULL, NULL,
    "Where viewers connect" },
  { "primary-base-url", US_OPTION_URL, "http://127.0.0.1:8081/hls", 0, 0, http_schemes, "PRIMARY_BASE_URL",
    "The primary origin" },
  { "backup-base-url", US_OPTION_URL, "http://127.0.0.1:8082/hls", 0, 0, http_schemes, "BACKUP_BASE_URL",
    "The backup origin" },
  { "playlist-path", US_OPTION_STRING, "index.m3u8", 1, 255, NULL, "PLAYLIST_PATH",
    "Playlist below the base URLs" },
  { "check-interval-seconds", US_OPTION_INTEGER, "5", 1, 3600, NULL, "CHECK_INTERVAL_SECONDS",
    "Longest time between two looks at an origin" },
  { "segment-age-threshold-seconds", US_OPTION_INTEGER, "20", 1, 3600, NULL, "SEGMENT_AGE_THRESHOLD_SECONDS",
    "Longest time an origin may go without a new segment" },
  { "required-windows", US_OPTION_INTEGER, "3", 1, 100, NULL, "REQUIRED_WINDOWS",
    "Most bad looks before an origin is left, and good ones before it is trusted again" },
  { "max-streams", US_OPTION_INTEGER, "64", 1, 10000, NULL, NULL,
    "Streams served at the same time" },
  { "unknown-stream-wait", US_OPTION_DURATION, "5s", 0, 60000, NULL, NULL,
    "How long a request for a stream that does not exist yet is held" },
  { "max-connections", US_OPTION_INTEGER, "20000", 1, 1000000, NULL, NULL,
    "HTTP connections at the same time" },
  { "max-connections-per-address", US_OPTION_INTEGER, "0", 0, 1000000, NULL, NULL,
    "HTTP connections from one address, or IPv6 /64; 0: no limit of its own" },
  { "self-verdict", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Answer 503 for a playlist while no origin can be reached, so that another switcher is asked" },
  { "failback", US_OPTION_CHOICE, "auto", 0, 0, failbacks, NULL,
    "Return to the primary when it is trusted again, or stay until the active one fails" },
  { "standby-fetch", US_OPTION_CHOICE, "auto", 0, 0, standbys, NULL,
    "Fetch the segments of a foreign standby too, to be ready and to know where it is" },
  { "segment-megabytes", US_OPTION_INTEGER, "16", 1, 1024, NULL, NULL,
    "Largest segment that is taken; an origin that lists a larger one has failed" },
  { "control", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Serve the control API below /control/" },
  { "control-token-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File of tokens that the control API asks for; empty: it answers this machine only" },
  { "bus", US_OPTION_CHOICE, "auto", 0, 0, buses, NULL,
    "Message bus to be controlled by" },
  { NULL },
};

static const UsOption monitor_options[] = {
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8000", 0, 0, NULL, NULL,
    "Where the desk serves its REST interface, events and metrics" },
  { "token-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File of tokens that writing asks for; empty: only this machine may write" },
  { "open-reading", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Reading needs no token, wherever it comes from" },
  { "cors-origin", US_OPTION_STRING, "", 0, 255, NULL, NULL,
    "Web page that may call, as https://desk.example, or * for any; empty: none" },
  { "web-dir", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Folder that takes the place of the web interface; empty: the built-in web interface" },
  { "max-connections", US_OPTION_INTEGER, "2000", 1, 1000000, NULL, NULL,
    "HTTP connections at the same time" },
  { "max-connections-per-address", US_OPTION_INTEGER, "200", 0, 1000000, NULL, NULL,
    "HTTP connections from one address, or IPv6 /64, other than this machine; 0: no limit of its own" },
  { "allow-private", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Streams may be in private networks; link-local and metadata addresses never" },
  { "allow-loopback", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Streams may be on this machine, as those of our own chain are" },
  { "max-per-host", US_OPTION_INTEGER, "16", 1, 1000, NULL, NULL,
    "Requests at one host at the same time" },
  { "max-requests", US_OPTION_INTEGER, "512", 1, 10000, NULL, NULL,
    "Requests at the same time in all" },
  { "max-decodes", US_OPTION_INTEGER, "2", 1, 64, NULL, NULL,
    "Segments decoded at the same time, for pictures and content checks" },
  { "thumbnail-interval", US_OPTION_DURATION, "10s", 0, MS_HOUR, NULL, NULL,
    "Time between two pictures of a stream; 0: none" },
  { "local-probe-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Asked now and then, to tell faults of our own network from theirs; empty: none" },
  { "retention-days", US_OPTION_INTEGER, "30", 1, 3650, NULL, NULL,
    "How long resolved incidents, events and pictures are kept" },
  { "history-days", US_OPTION_INTEGER, "90", 1, 3650, NULL, NULL,
    "How long the values of each minute are kept" },
  { "webhooks", US_OPTION_LIST, "", 0, 0, http_schemes, NULL,
    "Told of each incident, as Standard Webhooks" },
  { "webhook-secret-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File of the secrets that webhooks are signed with; empty: unsigned" },
  { "alertmanagers", US_OPTION_LIST, "", 0, 0, http_schemes, "UNDERSTUDY_ALERTMANAGERS",
    "Alertmanagers that get each active incident as an alert" },
  { "desk-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Where people find this desk; linked in notifications" },
  { "ingest-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Status address of our own ingest; empty: none" },
  { "primary-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Address of our own primary origin; empty: none" },
  { "backup-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Address of our own backup origin; empty: none" },
  { "switcher-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Address of our own switcher; empty: none" },
  { "control-token-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File whose first token is shown to our own switcher; empty: none" },
  { NULL },
};

static const UsOption publish_options[] = {
  { "url", US_OPTION_URL, "rtmp://127.0.0.1:1936/live/mystream", 0, 0, push_schemes, NULL,
    "Where to publish" },
  { "file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File to publish in a loop, copied; empty: a test picture with clock, frame number and tone" },
  { "pipeline", US_OPTION_STRING, "publisher", 1, 128, NULL, NULL,
    "Pipeline text of the test picture" },
  { NULL },
};

static const UsOption pull_options[] = {
  { "url", US_OPTION_URL, "", 0, 0, pull_schemes, NULL,
    "Where the stream is" },
  { "stream", US_OPTION_STRING, "", 0, 64, NULL, NULL,
    "Its name here" },
  { "to", US_OPTION_STRING, "rtmp://127.0.0.1:1936/live", 1, 4096, NULL, NULL,
    "Ingest that gets it; its name is appended, or put in place of {stream}" },
  { "pipeline", US_OPTION_STRING, "", 0, 128, NULL, NULL,
    "Pipeline text that reads the URL; empty: the one for its scheme" },
  { "idle-timeout", US_OPTION_DURATION, "5s", 500, 600000, NULL, NULL,
    "Nothing came for so long: tried again" },
  { "sources", US_OPTION_ROUTES, "", 0, 0, pull_schemes, NULL,
    "Streams that understudy run brings in, each NAME=URL in a process of its own" },
  { NULL },
};

static const char *const ctl_ways[] = { "auto", "dbus", "http", NULL };
static const UsOption ctl_options[] = {
  { "stream", US_OPTION_STRING, "", 0, 64, NULL, NULL,
    "Stream that is meant; empty: the default one, *: all" },
  { "why", US_OPTION_STRING, "", 0, 800, NULL, NULL,
    "Reason that is put on record" },
  { "for", US_OPTION_DURATION, "0s", 0, 7 * MS_DAY, NULL, NULL,
    "Time after which a failover or hold ends by itself; 0: when it is released" },
  { "even-if-failed", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "failover: to that origin, and stay, whatever its state" },
  { "strict", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "hold: stay even on an origin that has failed" },
  { "via", US_OPTION_CHOICE, "auto", 0, 0, ctl_ways, NULL,
    "Way to the switcher; auto: D-Bus if one is there and no URL is given, else HTTP" },
  { "url", US_OPTION_URL, "http://127.0.0.1:8080", 0, 0, http_schemes, NULL,
    "Where the switcher serves" },
  { "desk", US_OPTION_URL, "http://127.0.0.1:8000", 0, 0, http_schemes, NULL,
    "Where the operations desk serves" },
  { "ingest", US_OPTION_URL, "http://127.0.0.1:8083", 0, 0, http_schemes, NULL,
    "status: where the ingest tells its warnings; not asked with another url unless it is given" },
  { "name", US_OPTION_STRING, "", 0, 200, NULL, NULL,
    "add: the name of the stream; empty: its URL without query and password" },
  { "token-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File whose first token is shown to the switcher or the desk" },
  { "keys-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "key: the keys file; empty: that of [ingest]" },
  { "priority", US_OPTION_INTEGER, "0", 0, 99, NULL, NULL,
    "key add: 0 is best" },
  { "allow", US_OPTION_STRING, "", 0, 800, NULL, NULL,
    "key add: addresses and ranges it may be used from, as 192.0.2.0/24; empty: anywhere" },
  { "expires", US_OPTION_STRING, "", 0, 40, NULL, NULL,
    "key add: a day or a time, as 2027-01-31T18:00:00Z; empty: never" },
  { "hash", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "key add: keep only the hash of the key in the file" },
  { "json", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Print JSON instead of tables and sentences" },
  { NULL },
};
static const char *const check_severities[] = { "info", "degraded", "unhealthy", NULL };
static const UsOption check_options[] = {
  { "for", US_OPTION_DURATION, "0s", 0, MS_DAY, NULL, NULL,
    "How long to watch; 0: a live stream for three target durations, at least 10 s, of a recording all that is wanted" },
  { "segments", US_OPTION_INTEGER, "0", 0, 1000000, NULL, NULL,
    "Segments of a recording that are fetched, from its first one on; 0: all" },
  { "fail-on", US_OPTION_CHOICE, "degraded", 0, 0, check_severities, NULL,
    "Least severity of a finding that makes the exit code 1" },
  { "content", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Decode some of it, to find black or frozen pictures and silence" },
  { "private", US_OPTION_BOOL, "true", 0, 0, NULL, NULL,
    "Also ask addresses of this machine and of private networks" },
  { "authorization-file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File whose first line is sent as Authorization, to the host of the URL only" },
  { "json", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Print the report as JSON instead of text" },
  { NULL },
};
static const char *const drill_pairs[] = { "twins", "transcoded", NULL };
static const char *const drill_hits[] = { "active", "primary", "backup", NULL };
static const UsOption drill_options[] = {
  { "pair", US_OPTION_CHOICE, "twins", 0, 0, drill_pairs, NULL,
    "Packagers of the rehearsal: both copying, or both encoding again" },
  { "hit", US_OPTION_CHOICE, "active", 0, 0, drill_hits, NULL,
    "Origin that the fault is for; active: whichever is active when a drill begins" },
  { "runs", US_OPTION_INTEGER, "1", 1, 1000, NULL, NULL,
    "How often all of the drills are played" },
  { "evidence", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "Folder for the evidence; empty: drills/<time> in the state folder" },
  { "file", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File to publish in a loop; empty: the test picture" },
  { "json", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Print the result as JSON instead of progress and table" },
  { "announce", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "JSON file that is written when there is something to watch, and says where" },
  { "lead-in", US_OPTION_DURATION, "0s", 0, MS_HOUR, NULL, NULL,
    "Time between the announcement and the first fault" },
  { "keep", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Keep the chain after the last drill, until SIGTERM or the end of standard input" },
  { "live", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Drill the chain of the `understudy run` that runs here, instead of one of its own" },
  { "primary-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Base URL of an origin that exists already, to rehearse in front of it" },
  { "backup-url", US_OPTION_URL, "", 0, 0, http_schemes, NULL,
    "Base URL of its twin" },
  { "primary-pid", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File with the process id of the packager behind --primary-url" },
  { "backup-pid", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File with the process id of the packager behind --backup-url" },
  { "encoder-pid", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File with the process id of the encoder before both" },
  { "ingest-pid", US_OPTION_STRING, "", 0, 0, NULL, NULL,
    "File with the process id of the ingest before both" },
  { NULL },
};

static const UsOption healthcheck_options[] = {
  { "timeout", US_OPTION_DURATION, "2s", 100, 60000, NULL, NULL,
    "What does not answer within this time is not healthy" },
  { "serving", US_OPTION_BOOL, "false", 0, 0, NULL, NULL,
    "Ask also that there is something to serve: a publisher, a new segment, a stream to play" },
  { NULL },
};
// clang-format on

static const UsOptionGroup general
    = { US_GROUP_GENERAL, "Settings that all roles share", general_options, NULL };
static const UsOptionGroup run
    = { US_GROUP_RUN, "understudy run: the supervisor", run_options, NULL };
static const UsOptionGroup ingest
    = { US_GROUP_INGEST, "understudy ingest: RTMP in, marked segments out", ingest_options, NULL };
static const UsOptionGroup primary
    = { US_GROUP_PRIMARY, "understudy packager --name primary", packager_options, NULL };
static const UsOptionGroup backup
    = { US_GROUP_BACKUP, "understudy packager --name backup", packager_options, backup_defaults };
static const UsOptionGroup origin
    = { US_GROUP_ORIGIN, "understudy origin: serves a folder", origin_options, NULL };
static const UsOptionGroup switcher
    = { US_GROUP_SWITCHER, "understudy switcher: one address for viewers", switcher_options, NULL };
static const UsOptionGroup publish
    = { US_GROUP_PUBLISH, "understudy publish: the synthetic publisher", publish_options, NULL };
static const UsOptionGroup pull
    = { US_GROUP_PULL, "understudy pull: a stream from another server", pull_options, NULL };
static const UsOptionGroup ctl
    = { US_GROUP_CTL, "understudy ctl: asks and steers a switcher", ctl_options, NULL };

static const UsOptionGroup check
    = { US_GROUP_CHECK, "understudy check: validates a stream once", check_options, NULL };
static const UsOptionGroup drill
    = { US_GROUP_DRILL, "understudy drill: faults on purpose", drill_options, NULL };

static const UsOptionGroup healthcheck
    = { US_GROUP_HEALTHCHECK, "understudy healthcheck: is a role well?", healthcheck_options,
        NULL };
static const UsOptionGroup monitor
    = { US_GROUP_MONITOR, "understudy monitor: the operations desk", monitor_options, NULL };

const UsOptionGroup *const us_option_groups[]
    = { &general, &run,  &ingest, &primary, &backup, &origin,      &switcher, &monitor,
        &publish, &pull, &ctl,    &check,   &drill,  &healthcheck, NULL };
