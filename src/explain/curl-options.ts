/** Options of curl (8.x) with a value that shape a request; a letter before a colon is the short form. */
const SHAPING =
  'X:request H:header d:data u:user A:user-agent e:referer b:cookie r:range data-raw data-binary data-ascii data-urlencode json url oauth2-bearer url-query request-target';
const SHAPING_FLAGS = 'G:get I:head g:globoff path-as-is compressed digest ntlm negotiate anyauth';

/** What can't be told from the words alone, and why. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['form', 'a form is made by curl itself'],
  ['form-string', 'a form is made by curl itself'],
  ['upload-file', 'a file that is uploaded is not read'],
  ['config', 'a file of options is not read'],
  ['aws-sigv4', 'the signature is made by curl itself'],
  ['time-cond', 'the condition is made by curl itself'],
  ['etag-compare', 'the file is not read'],
  ['variable', 'variables are filled in by curl itself'],
  ['next', 'one request at a time'],
]);
const REFUSED_VALUED = 'F:form form-string T:upload-file K:config aws-sigv4 z:time-cond etag-compare variable';

/** Of these a gateway sees nothing. */
const PASSED_OVER =
  'abstract-unix-socket alt-svc cacert capath E:cert cert-type ciphers connect-timeout connect-to C:continue-at c:cookie-jar create-file-mode crlfile curves delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url D:dump-header egd-file engine etag-save expect100-timeout ftp-account ftp-alternative-to-user ftp-method P:ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms hostpubmd5 hostpubsha256 hsts interface keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs m:max-time netrc-file noproxy o:output output-dir parallel-max pass pinnedpubkey proto proto-default proto-redir proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser U:proxy-user proxy1.0 pubkey Q:quote random-file rate resolve retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service socks5-hostname Y:speed-limit y:speed-time stderr t:telnet-option tftp-blksize tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii unix-socket w:write-out x:proxy preproxy ech ip-tos vlan-priority haproxy-clientip ipfs-gateway trace-config dns-data sigalgs';
const PASSED_OVER_FLAGS =
  'a:append basic cert-status compressed-ssh create-dirs crlf q:disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure f:fail fail-early fail-with-body false-start form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-control haproxy-protocol http0.9 0:http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length i:include k:insecure 4:ipv4 6:ipv6 j:junk-session-cookies l:list-only L:location location-trusted mail-rcpt-allowfails M:manual metalink n:netrc netrc-optional no-alpn N:no-buffer no-clobber no-keepalive no-npn no-progress-meter no-sessionid ntlm-wb Z:parallel parallel-immediate post301 post302 post303 #:progress-bar proxy-anyauth proxy-basic proxy-digest proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1 p:proxytunnel raw J:remote-header-name O:remote-name remote-name-all R:remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir S:show-error s:silent socks5-basic socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort 2:sslv2 3:sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options 1:tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-time B:use-ascii v:verbose V:version xattr ca-native proxy-ca-native mptcp skip-existing tls-earlydata ssl-sessions keepalive-cnt follow';

/** For `parseArgs`. */
export const CURL_OPTIONS = {
  ...describe(`${SHAPING} ${REFUSED_VALUED} ${PASSED_OVER}`, 'string'),
  ...describe(`${SHAPING_FLAGS} ${PASSED_OVER_FLAGS}`, 'boolean'),
};

/** True for an option of curl, or for one that takes such a flag back: `--no-compressed`. */
export function isCurlOption(name: string): boolean {
  return Object.hasOwn(CURL_OPTIONS, name) || REFUSED.has(name) || /^no-/.test(name);
}

function describe<T extends 'string' | 'boolean'>(words: string, type: T) {
  const entries = words.split(' ').map((word) => {
    const [name = '', short] = word.split(':').reverse();
    return [name, { type, multiple: true, ...(short !== undefined && { short }) }];
  });
  return Object.fromEntries(entries) as Record<string, { type: T; multiple: true; short?: string }>;
}
