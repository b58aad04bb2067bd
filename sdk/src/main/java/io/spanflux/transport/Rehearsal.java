// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.resolver.DefaultAddressResolverGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;
import reactor.netty.transport.NameResolverProvider;

/**
 * A request's way to a server and back, gone once inside the process, so that its first real request does not wait until
 * classes are loaded and linked, which takes longer than anything else about it. Nothing leaves the process, no port is
 * opened, and all that was opened is closed again.
 *
 * <p>Threads: one of {@code Schedulers.boundedElastic()}, and two that end with it, {@code spanflux-warm-up-*}.
 */
final class Rehearsal {
    private static final Logger log = LoggerFactory.getLogger(Rehearsal.class);
    private static final String NAME = "spanflux-warm-up";
    private static final Duration MOST = Duration.ofSeconds(30);

    private static final AtomicBoolean begun = new AtomicBoolean();
    private static final AtomicBoolean begunWithTls = new AtomicBoolean();

    private final LocalAddress address = new LocalAddress(Rehearsal.class);

    // A thread of Netty's own kind counts as one that must not block, and this one parks while it waits for work.
    private final EventLoopGroup stage =
            new MultiThreadIoEventLoopGroup(1, Rehearsal::thread, LocalIoHandler.newFactory());

    private final LoopResources network = LoopResources.create(NAME, 1, true);

    private Rehearsal() {}

    private static Thread thread(Runnable body) {
        Thread thread = new Thread(body, NAME);
        thread.setDaemon(true);
        return thread;
    }

    /** Completes when the rehearsal is over; at once where there has been one, or is. Never fails. */
    static Mono<Void> once(Supplier<Payload> example, boolean tls) {
        return Mono.defer(() -> {
            Mono<Void> request = begun.getAndSet(true)
                    ? Mono.empty()
                    : Mono.fromSupplier(example).flatMap(Rehearsal::of).then();
            // Not where the stage was closed, a thread that others wait for: it reads certificates.
            Mono<Void> greeting = !tls || begunWithTls.getAndSet(true)
                    ? Mono.empty()
                    : Mono.<Void>fromRunnable(Rehearsal::greet).subscribeOn(Schedulers.boundedElastic());
            return request.then(greeting)
                    .timeout(MOST)
                    .doOnError(failure -> log.debug("Not warmed up; the first request takes longer.", failure))
                    .onErrorComplete()
                    .subscribeOn(Schedulers.boundedElastic());
        });
    }

    /** Sends {@code example} to nobody, and has the answer. */
    static Mono<Response> of(Payload example) {
        return Mono.usingWhen(
                Mono.fromSupplier(Rehearsal::new), rehearsal -> rehearsal.play(example), Rehearsal::close);
    }

    private Mono<Response> play(Payload example) {
        approachNetwork();
        ReactorNettySender sender = ReactorNettySender.builder("http://127.0.0.1/")
                .compression(Compression.GZIP)
                .httpClient(this::inside)
                .build();
        PayloadSender retrying = new RetryingSender(sender, RetryPolicy.DEFAULT, Schedulers.parallel());
        return Mono.usingWhen(open().thenReturn(retrying), opened -> opened.send(example), PayloadSender::close);
    }

    /** What a connection to another process needs, up to the connection. */
    private void approachNetwork() {
        EventLoopGroup loop = network.onClient(LoopResources.DEFAULT_NATIVE);
        network.onChannel(SocketChannel.class, loop).unsafe().closeForcibly();
        try (DnsAddressResolverGroup names =
                NameResolverProvider.builder().build().newNameResolverGroup(network, LoopResources.DEFAULT_NATIVE)) {
            names.getResolver(loop.next());
        }
    }

    private Mono<Void> open() {
        return Mono.create(opened -> new ServerBootstrap()
                .group(stage)
                .channel(LocalServerChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 20), new Server());
                    }
                })
                .bind(address)
                .addListener(bound -> {
                    if (bound.isSuccess()) {
                        opened.success();
                    } else {
                        opened.error(bound.cause());
                    }
                }));
    }

    private HttpClient inside(HttpClient client) {
        return client.runOn(new LoopResources() {
                    @Override
                    public EventLoopGroup onServer(boolean useNative) {
                        return stage;
                    }

                    @Override
                    @SuppressWarnings("unchecked") // A client asks for a client's channel.
                    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
                        return (C) new LocalChannel();
                    }
                })
                .resolver(DefaultAddressResolverGroup.INSTANCE)
                .doOnChannelInit(
                        (observer, channel, remote) -> channel.pipeline().addFirst(new Detour(address)));
    }

    private Mono<Void> close() {
        return Mono.<Void>create(ended ->
                        stage.shutdownGracefully(0, 1, TimeUnit.SECONDS).addListener(future -> ended.success()))
                .then(network.disposeLater(Duration.ZERO, Duration.ofSeconds(1)));
    }

    /** The first words of a TLS client, which nobody hears: certificates are read, keys and ciphers loaded. */
    private static void greet() {
        try {
            SSLEngine engine = SslContextBuilder.forClient().build().newEngine(ByteBufAllocator.DEFAULT);
            engine.beginHandshake();
            engine.wrap(
                    ByteBuffer.allocate(0),
                    ByteBuffer.allocate(engine.getSession().getPacketBufferSize()));
        } catch (SSLException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Connects to one address, whatever it is asked for. */
    private static final class Detour extends ChannelOutboundHandlerAdapter {
        private final LocalAddress address;

        Detour(LocalAddress address) {
            this.address = address;
        }

        @Override
        public void connect(
                ChannelHandlerContext context,
                SocketAddress remote,
                @Nullable SocketAddress local,
                ChannelPromise promise) {
            ChannelFuture unused = context.connect(address, promise);
        }
    }

    /** Takes everything. */
    private static final class Server extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
            ChannelFuture unused = context.writeAndFlush(response);
        }
    }
}
