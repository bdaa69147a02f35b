/* tls-peer.h - an HTTPS server for a test: says one fixed thing on each request of a connection
 *
 * The key belongs to nobody; it was made for this file. Both certificates are for "localhost" and
 * signed by themselves.
 */
#pragma once

#include <gio/gio.h>

#define TLS_PEER_KEY                                                                               \
  "-----BEGIN PRIVATE KEY-----\n"                                                                  \
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkdJgAEd59Ws6MV0p\n"                             \
  "e89T8CSxUaMjXMQN49mQYYBdTfWhRANCAASaUFdy2B7HoaU6wUvxK1Nevmv1GuZi\n"                             \
  "4A129tuqeHPNine60vzpmeVc+qVQijL8k32rCAsqdEowBG3cm9yUqSD6\n"                                     \
  "-----END PRIVATE KEY-----\n"
/* From 2020 to 2099. */
#define TLS_PEER_GOOD                                                                              \
  "-----BEGIN CERTIFICATE-----\n"                                                                  \
  "MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv\n"                             \
  "c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM\n"                             \
  "CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJpQV3LYHsehpTrB\n"                             \
  "S/ErU16+a/Ua5mLgDXb226p4c82Kd7rS/OmZ5Vz6pVCKMvyTfasICyp0SjAEbdyb\n"                             \
  "3JSpIPqjSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/\n"                             \
  "MB0GA1UdDgQWBBRrdX+zfR7GRouMygicC/wsK3jr5TAKBggqhkjOPQQDAgNJADBG\n"                             \
  "AiEAzjPKos0pnSJGr/hZXZkkomvgTM4Xk8re9hAmfU1XMAUCIQDthqIaA0MTY18D\n"                             \
  "La2BTnRBXT2dsaiUamTfxn/WwMAD7Q==\n"                                                             \
  "-----END CERTIFICATE-----\n"
#define TLS_PEER_GOOD_UNTIL G_GINT64_CONSTANT (4070908800)
/* To February 2020. */
#define TLS_PEER_EXPIRED                                                                           \
  "-----BEGIN CERTIFICATE-----\n"                                                                  \
  "MIIBXzCCAQWgAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv\n"                             \
  "c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAUMRIwEAYDVQQDDAls\n"                             \
  "b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASaUFdy2B7HoaU6wUvx\n"                             \
  "K1Nevmv1GuZi4A129tuqeHPNine60vzpmeVc+qVQijL8k32rCAsqdEowBG3cm9yU\n"                             \
  "qSD6o0gwRjAUBgNVHREEDTALgglsb2NhbGhvc3QwDwYDVR0TAQH/BAUwAwEB/zAd\n"                             \
  "BgNVHQ4EFgQUa3V/s30exkaLjMoInAv8LCt46+UwCgYIKoZIzj0EAwIDSAAwRQIg\n"                             \
  "QIZr2UNJyGkfzHDH7gpOFsiFPGRTk3IaKLBRppn1nUgCIQC1xuugO4kqCikRve4g\n"                             \
  "Vrux0ZmHNiAoXvn8RofLkoJnLw==\n"                                                                 \
  "-----END CERTIFICATE-----\n"

typedef struct {
  GSocketService *service;
  GTlsCertificate *certificate;
  const char *answer;
  guint16 port;
} TlsPeer;

static inline gboolean
tls_peer_run (GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
              gpointer user_data) {
  TlsPeer *peer = user_data;
  g_autoptr (GIOStream) tls
      = g_tls_server_connection_new (G_IO_STREAM (connection), peer->certificate, NULL);
  char buffer[4096];

  if (tls == NULL || !g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return TRUE;
  while (g_input_stream_read (g_io_stream_get_input_stream (tls), buffer, sizeof buffer, NULL, NULL)
         > 0)
    if (!g_output_stream_write_all (g_io_stream_get_output_stream (tls), peer->answer,
                                    strlen (peer->answer), NULL, NULL, NULL))
      break;
  g_io_stream_close (tls, NULL, NULL);
  return TRUE;
}

static inline TlsPeer *
tls_peer_new (const char *certificate, const char *answer) {
  TlsPeer *peer = g_new0 (TlsPeer, 1);
  g_autofree char *pem = g_strconcat (certificate, TLS_PEER_KEY, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);

  peer->answer = answer;
  peer->certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  peer->service = g_threaded_socket_service_new (8);
  g_socket_listener_add_address (G_SOCKET_LISTENER (peer->service), wanted, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  peer->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (peer->service, "run", G_CALLBACK (tls_peer_run), peer);
  g_socket_service_start (peer->service);
  return peer;
}

static inline void
tls_peer_on_gone (gpointer is_gone, GObject *service) {
  g_atomic_int_set ((gint *)is_gone, TRUE);
  g_main_context_wakeup (NULL);
}

/* Returns when the last thread of @service (transfer full) has ended. GIO does not wait for them,
 * but each holds a reference to the service, also one whose connection waits for its turn; so does
 * the accept that is under way, which ends in the main context. */
static inline void
tls_peer_end_service (GSocketService *service) {
  gint is_gone = FALSE; /* atomic */
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
  g_object_weak_ref (G_OBJECT (service), tls_peer_on_gone, &is_gone);
  g_object_unref (service);
  while (!g_atomic_int_get (&is_gone))
    g_main_context_iteration (NULL, TRUE);
}

/* After the client has gone, so that the threads end. */
static inline void
tls_peer_free (TlsPeer *peer) {
  tls_peer_end_service (peer->service);
  g_object_unref (peer->certificate);
  g_free (peer);
}
