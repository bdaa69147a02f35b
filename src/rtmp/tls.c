/* tls.c - GnuTLS below RTMP
 *
 * GIO's TLS would bring a thread per handshake from a pool of ten, which ten clients that begin one
 * and say no more would fill (ADR 0013). GnuTLS itself, which GIO's is made of, works on the
 * connection's own socket, in its own watch, and costs a plain connection nothing.
 *
 * Reading makes the handshake, if it is still to be made; the owner's handshake deadline covers
 * both it and RTMP's. Owned by one connection, which keeps the socket. The identity outlives a
 * reload: connections that began with the old certificate go on with it.
 */
#include "rtmp/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/socket.h>

#include "rtmp/error.h"

/* TLS 1.2 and 1.3. Encoders that speak nothing newer than 1.1 exist, but so do attacks on it. No
 * finite fields: a handshake with ffdhe8192 takes 190 ms, in which no stream moves, and 0.2 ms with
 * a curve; the client chooses. */
#define PRIORITIES                                                                                 \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-DHE-RSA:-GROUP-DH-ALL:%SERVER_PRECEDENCE"
#define MAX_WRITE_BYTES (256 * 1024)
#define MAX_VECTORS 16

struct UsRtmpTlsIdentity {
  gatomicrefcount count;
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priorities;
  gint64 expiry_s;
};

struct UsRtmpTls {
  UsRtmpTlsIdentity *identity;
  gnutls_session_t session;
  gboolean is_established, has_looked, wants_write;
  gsize pending; /* bytes that gnutls_record_send() has to be given again, and only these */
  char *fault;   /* nullable: why it is over */
  int fd;
};

/* --------------------------------------------------------------------------------- identities */

/* When the first certificate of a chain ends, 0: unknown. */
static gint64
read_expiry (gnutls_certificate_credentials_t credentials) {
  gnutls_x509_crt_t *chain = NULL;
  guint n = 0;
  gint64 expiry_s = 0;
  if (gnutls_certificate_get_x509_crt (credentials, 0, &chain, &n) < 0)
    return 0;
  if (n > 0)
    expiry_s = (gint64)gnutls_x509_crt_get_expiration_time (chain[0]);
  for (guint i = 0; i < n; i++)
    gnutls_x509_crt_deinit (chain[i]);
  gnutls_free (chain);
  return expiry_s;
}

/**
 * us_rtmp_tls_identity_new:
 * @certificate: (array length=certificate_size): a certificate and what leads to its authority, PEM
 * @certificate_size: bytes
 * @key: (array length=key_size): its private key, PEM, without a password
 * @key_size: bytes
 * @error: US_RTMP_ERROR_TLS
 *
 * Returns: (transfer full) (nullable): the identity
 */
UsRtmpTlsIdentity *
us_rtmp_tls_identity_new (const char *certificate, gsize certificate_size, const char *key,
                          gsize key_size, GError **error) {
  if (certificate_size > US_RTMP_TLS_MAX_FILE || key_size > US_RTMP_TLS_MAX_FILE) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS, "a file has more than %d bytes",
                 US_RTMP_TLS_MAX_FILE);
    return NULL;
  }
  g_autoptr (UsRtmpTlsIdentity) identity = g_new0 (UsRtmpTlsIdentity, 1);
  g_atomic_ref_count_init (&identity->count);
  const gnutls_datum_t chain = { (guchar *)certificate, (guint)certificate_size };
  const gnutls_datum_t secret = { (guchar *)key, (guint)key_size };
  int code = gnutls_certificate_allocate_credentials (&identity->credentials);
  if (code == 0)
    code = gnutls_priority_init (&identity->priorities, PRIORITIES, NULL);
  if (code == 0)
    code = gnutls_certificate_set_x509_key_mem (identity->credentials, &chain, &secret,
                                                GNUTLS_X509_FMT_PEM);
  if (code < 0) {
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS, gnutls_strerror (code));
    return NULL;
  }
  identity->expiry_s = read_expiry (identity->credentials);
  return g_steal_pointer (&identity);
}

/**
 * us_rtmp_tls_identity_ref:
 * @identity: an identity
 *
 * Returns: (transfer full): the same
 */
UsRtmpTlsIdentity *
us_rtmp_tls_identity_ref (UsRtmpTlsIdentity *identity) {
  g_atomic_ref_count_inc (&identity->count);
  return identity;
}

/**
 * us_rtmp_tls_identity_unref:
 * @identity: (transfer full) (nullable): an identity
 */
void
us_rtmp_tls_identity_unref (UsRtmpTlsIdentity *identity) {
  if (identity == NULL || !g_atomic_ref_count_dec (&identity->count))
    return;
  if (identity->credentials != NULL)
    gnutls_certificate_free_credentials (identity->credentials);
  if (identity->priorities != NULL)
    gnutls_priority_deinit (identity->priorities);
  g_free (identity);
}

/**
 * us_rtmp_tls_identity_get_expiry_s:
 * @identity: an identity
 *
 * Returns: Unix time at which its certificate ends, 0: unknown
 */
gint64
us_rtmp_tls_identity_get_expiry_s (const UsRtmpTlsIdentity *identity) {
  return identity->expiry_s;
}

/* ----------------------------------------------------------------------------------- sessions */

/**
 * us_rtmp_tls_new:
 * @identity: referenced
 * @fd: a connected, non-blocking socket; stays the caller's, and open until this is freed
 *
 * Returns: (transfer full) (nullable): a session that waits for its client; %NULL: no memory
 */
UsRtmpTls *
us_rtmp_tls_new (UsRtmpTlsIdentity *identity, int fd) {
  UsRtmpTls *tls = g_new0 (UsRtmpTls, 1);
  tls->identity = us_rtmp_tls_identity_ref (identity);
  tls->fd = fd;
  /* No tickets: an encoder connects once a show. A socket that is gone must not raise SIGPIPE. */
  if (gnutls_init (&tls->session,
                   GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS)
          < 0
      || gnutls_priority_set (tls->session, identity->priorities) < 0
      || gnutls_credentials_set (tls->session, GNUTLS_CRD_CERTIFICATE, identity->credentials) < 0) {
    us_rtmp_tls_free (tls);
    return NULL;
  }
  gnutls_transport_set_int (tls->session, fd);
  gnutls_handshake_set_timeout (tls->session, GNUTLS_INDEFINITE_TIMEOUT); /* the owner's is */
  return tls;
}

/**
 * us_rtmp_tls_free:
 * @tls: (transfer full) (nullable): a session
 */
void
us_rtmp_tls_free (UsRtmpTls *tls) {
  if (tls == NULL)
    return;
  if (tls->session != NULL)
    gnutls_deinit (tls->session);
  us_rtmp_tls_identity_unref (tls->identity);
  g_free (tls->fault);
  g_free (tls);
}

/* Sets the fault unless @code only means to wait. Returns: -1, with errno. */
static gssize
take_code (UsRtmpTls *tls, gssize code) {
  if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED) {
    tls->wants_write = gnutls_record_get_direction (tls->session) == 1;
    errno = EAGAIN;
    return -1;
  }
  if (tls->fault == NULL) {
    gboolean is_alert
        = code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_WARNING_ALERT_RECEIVED;
    const char *alert = is_alert ? gnutls_alert_get_name (gnutls_alert_get (tls->session)) : NULL;
    tls->fault
        = g_strdup_printf ("TLS: %s%s%s", gnutls_strerror ((int)code),
                           alert != NULL ? ": the client says " : "", alert != NULL ? alert : "");
  }
  errno = EPROTO;
  return -1;
}

/* The first byte of anything else than TLS says what it is; who sent it wants to know. */
static gboolean
look (UsRtmpTls *tls) {
  guint8 first = 0;
  gssize got = recv (tls->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0)
    return TRUE; /* the handshake finds out */
  tls->has_looked = TRUE;
  if (first == 0x16 || first == 0x80) /* a record, or the ClientHello of old */
    return TRUE;
  tls->fault = g_strdup (first == 3                ? "plain RTMP came on the RTMPS port: use "
                                                     "rtmps:// here, or rtmp:// on the other port"
                         : g_ascii_isupper (first) ? "an HTTP or RTSP request came on the RTMPS "
                                                     "port: this is not the port of the web server"
                                                   : "no TLS came on the RTMPS port");
  return FALSE;
}

static gboolean
shake_hands (UsRtmpTls *tls) {
  if (!tls->has_looked && !look (tls)) {
    errno = EPROTO;
    return FALSE;
  }
  int code = gnutls_handshake (tls->session);
  if (code == GNUTLS_E_SUCCESS) {
    tls->is_established = TRUE;
    return TRUE;
  }
  if (code != GNUTLS_E_AGAIN && gnutls_error_is_fatal (code) == 0) {
    tls->wants_write = FALSE; /* a warning: there may be more to read */
    errno = EAGAIN;
    return FALSE;
  }
  if (code != GNUTLS_E_AGAIN && code != GNUTLS_E_INTERRUPTED)
    (void)gnutls_alert_send_appropriate (tls->session, code);
  (void)take_code (tls, code);
  return FALSE;
}

/**
 * us_rtmp_tls_read:
 * @tls: a session
 * @buffer: (out) (array length=size): one record fits into 16 KiB; with less, bytes may be left
 *   that the socket does not tell of
 * @size: room
 *
 * As recv(2). When it is broken, us_rtmp_tls_get_fault() says why.
 *
 * Returns: bytes; 0 at the end; -1 with errno, EAGAIN when it has to wait for the socket
 */
gssize
us_rtmp_tls_read (UsRtmpTls *tls, guint8 *buffer, gsize size) {
  tls->wants_write = FALSE;
  if (tls->fault != NULL) {
    errno = EPROTO;
    return -1;
  }
  if (!tls->is_established && !shake_hands (tls))
    return -1;
  gssize got = gnutls_record_recv (tls->session, buffer, size);
  if (got >= 0)
    return got;
  /* Many clients just close; RTMP has its own end. */
  if (got == GNUTLS_E_PREMATURE_TERMINATION)
    return 0;
  if (got == GNUTLS_E_REHANDSHAKE) { /* TLS 1.2: none is made; clients live with it */
    (void)gnutls_alert_send (tls->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
    errno = EAGAIN;
    return -1;
  }
  if (gnutls_error_is_fatal ((int)got) == 0 && got != GNUTLS_E_AGAIN) {
    errno = EAGAIN;
    return -1;
  }
  return take_code (tls, got);
}

/**
 * us_rtmp_tls_write_queue:
 * @tls: a session
 * @queue: what to send
 *
 * Writes until the queue is empty, the socket takes no more, or 256 KiB are gone.
 *
 * Returns: bytes of the queue that are gone; -1 with errno when nothing can be sent any more,
 * though there may be something to read
 */
gssize
us_rtmp_tls_write_queue (UsRtmpTls *tls, UsRtmpSendQueue *queue) {
  gssize total = 0;
  if (tls->fault != NULL) {
    errno = EPROTO;
    return -1;
  }
  while (tls->is_established && us_rtmp_send_queue_get_bytes (queue) > 0
         && total < MAX_WRITE_BYTES) {
    struct iovec vectors[MAX_VECTORS];
    (void)us_rtmp_send_queue_peek (queue, vectors, MAX_VECTORS);
    gsize size = tls->pending > 0 ? MIN (tls->pending, vectors[0].iov_len) : vectors[0].iov_len;
    errno = 0;
    gssize sent = gnutls_record_send (tls->session, vectors[0].iov_base, size);
    tls->pending = sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED ? size : 0;
    if (tls->pending > 0) {
      tls->wants_write = TRUE;
      return total;
    }
    if (sent < 0) { /* no fault yet: what has arrived can still be read */
      errno = sent == GNUTLS_E_PUSH_ERROR && errno != 0 ? errno : EPROTO;
      return -1;
    }
    us_rtmp_send_queue_consume (queue, (gsize)sent);
    total += sent;
  }
  return total;
}

/**
 * us_rtmp_tls_say_goodbye:
 * @tls: a session whose last byte was written
 *
 * Tells the client that no more comes, if the socket takes it.
 */
void
us_rtmp_tls_say_goodbye (UsRtmpTls *tls) {
  if (tls->is_established && tls->fault == NULL)
    (void)gnutls_bye (tls->session, GNUTLS_SHUT_WR);
}

/**
 * us_rtmp_tls_is_established:
 * @tls: a session
 *
 * Returns: whether the handshake was made
 */
gboolean
us_rtmp_tls_is_established (const UsRtmpTls *tls) {
  return tls->is_established;
}

/**
 * us_rtmp_tls_wants_write:
 * @tls: a session
 *
 * Returns: whether it waits for the socket to take something, though the queue may be empty
 */
gboolean
us_rtmp_tls_wants_write (const UsRtmpTls *tls) {
  return tls->wants_write;
}

/**
 * us_rtmp_tls_get_fault:
 * @tls: a session
 *
 * Returns: (nullable): why it is broken, a sentence for the log
 */
const char *
us_rtmp_tls_get_fault (const UsRtmpTls *tls) {
  return tls->fault;
}
