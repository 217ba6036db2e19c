"""A TLS handshake in the memory of a host: its own key and certificate against a client that believes one authority.

For certificates that no daemon shows yet. The key stays where it is.
"""

_PROGRAM = """
import ssl, sys
certificate, key, name, authority = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate, key)
client = ssl.create_default_context(cadata=authority)
upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(downward, upward, server_hostname=name), server.wrap_bio(upward, downward, server_side=True)]
for end in ends * 3:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        pass
print(ends[0].version())
"""


def shake_hands(host, certificate, key, *, name, authority):
    """Return what the host's Python said: rc 0 and "TLSv1.3", or 1 and why the client refused."""
    return host.run("python3 -c %s %s %s %s %s", _PROGRAM, certificate, key, name, authority)
