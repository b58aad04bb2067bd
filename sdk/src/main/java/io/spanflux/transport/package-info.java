/**
 * Sends bodies over HTTP. Hop 5 of 5 (trace, pipeline, export, encode, transport), knows nothing of spans, and is the
 * only package that imports reactor-netty: TLS, proxies and pools are configured here.
 */
@NullMarked
package io.spanflux.transport;

import org.jspecify.annotations.NullMarked;
