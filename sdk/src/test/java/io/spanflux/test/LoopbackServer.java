// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPInputStream;
import javax.net.ServerSocketFactory;

/**
 * An HTTP/1.1 server on loopback, written on plain sockets so that it can do everything wrong that a server can: each
 * request gets the next {@link Behaviour} of a script, and {@link #otherwise} when there is none left.
 *
 * <p>Blocking, one thread a connection; meant for a handful of connections in a test.
 */
public final class LoopbackServer implements AutoCloseable {
    private final ServerSocket socket;
    private final String scheme;
    private final Queue<Behaviour> script = new ConcurrentLinkedQueue<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Behaviour otherwise = Behaviour.ok();
    private volatile boolean forgetful;

    private LoopbackServer(ServerSocket socket, String scheme) {
        this.socket = socket;
        this.scheme = scheme;
    }

    /** A server that first behaves as {@code script} says, then answers 200 and {@code {}}. */
    public static LoopbackServer start(Behaviour... script) {
        return start(ServerSocketFactory.getDefault(), "http", script);
    }

    /** A server behind {@code sockets}, for TLS. */
    public static LoopbackServer start(ServerSocketFactory sockets, String scheme, Behaviour... script) {
        return start(sockets, scheme, 0, script);
    }

    /** A server at a port where one was before, for those that go down and come back. */
    public static LoopbackServer startAt(int port) {
        return start(ServerSocketFactory.getDefault(), "http", port);
    }

    private static LoopbackServer start(ServerSocketFactory sockets, String scheme, int port, Behaviour... script) {
        try {
            ServerSocket socket = sockets.createServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
            LoopbackServer server = new LoopbackServer(socket, scheme);
            server.script.addAll(List.of(script));
            server.thread("accept", server::acceptAll);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A port of loopback on which nobody listens. */
    public static int unusedPort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void thread(String name, Runnable body) {
        Thread thread = new Thread(body, "loopback-server-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    private void acceptAll() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                connection.setTcpNoDelay(true);
                open.add(connection);
                thread("connection-" + connections.incrementAndGet(), () -> serve(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            InputStream in = new BufferedInputStream(connection.getInputStream());
            while (true) {
                Request request = Request.read(in);
                if (request == null) {
                    return;
                }
                if (!forgetful) {
                    requests.add(request);
                }
                Behaviour next = script.poll();
                Exchange exchange = new Exchange(request, connection, this);
                (next == null ? otherwise : next).respond(exchange);
                if (connection.isClosed()) {
                    return;
                }
            }
        } catch (IOException | InterruptedException e) {
            // The client went away, or the test is over.
        } finally {
            open.remove(connection);
        }
    }

    /** What requests get that the script has nothing for. */
    public LoopbackServer otherwise(Behaviour behaviour) {
        this.otherwise = behaviour;
        return this;
    }

    /** Keeps no requests from now on, for those who send more than fits into memory. */
    public LoopbackServer forgetful() {
        this.forgetful = true;
        return this;
    }

    /** Adds to the script. */
    public LoopbackServer then(Behaviour behaviour) {
        script.add(behaviour);
        return this;
    }

    /** The port. */
    public int port() {
        return socket.getLocalPort();
    }

    /** The URL of {@code path}. */
    public String url(String path) {
        return scheme + "://localhost:" + port() + path;
    }

    /** The requests so far, bodies decompressed. */
    public List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Waits for the {@code count}th request. */
    public Request awaitRequest(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (requests.size() < count) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("only " + requests.size() + " of " + count + " requests came");
            }
            try {
                closed.await(5, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        return requests.get(count - 1);
    }

    /** How many connections were accepted so far. */
    public int connectionCount() {
        return connections.get();
    }

    /** How many connections are open now. */
    public int openConnections() {
        return open.size();
    }

    /** Closes all connections as a server does whose keep-alive time is over. */
    public void closeConnections() {
        for (Socket connection : open) {
            closeQuietly(connection);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        closeConnections();
    }

    private static void closeQuietly(Socket connection) {
        try {
            connection.close();
        } catch (IOException e) {
            // It is as closed as it gets.
        }
    }

    /** A request, its body dechunked and decompressed. */
    public record Request(
            String method, String path, List<String> headerLines, byte[] body, boolean chunked, int wireBytes) {

        /** The value of a header, null when it was not sent. */
        public String header(String name) {
            for (String line : headerLines) {
                int colon = line.indexOf(':');
                if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
                    return line.substring(colon + 1).trim();
                }
            }
            return null;
        }

        /** The body as text. */
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        static Request read(InputStream in) throws IOException {
            String requestLine = readLine(in);
            if (requestLine == null) {
                return null;
            }
            List<String> headers = new ArrayList<>();
            for (String line = readLine(in); line != null && !line.isEmpty(); line = readLine(in)) {
                headers.add(line);
            }
            String[] words = requestLine.split(" ");
            Request head = new Request(words[0], words[1], headers, new byte[0], false, 0);
            boolean chunked = "chunked".equalsIgnoreCase(head.header("transfer-encoding"));
            String length = head.header("content-length");
            byte[] raw =
                    chunked ? readChunks(in) : length == null ? new byte[0] : readFully(in, Integer.parseInt(length));
            byte[] body = decompressed(head.header("content-encoding"), raw);
            return new Request(words[0], words[1], List.copyOf(headers), body, chunked, raw.length);
        }

        private static byte[] decompressed(String encoding, byte[] raw) throws IOException {
            if ("gzip".equals(encoding)) {
                return new GZIPInputStream(new ByteArrayInputStream(raw)).readAllBytes();
            }
            if ("zstd".equals(encoding)) {
                try (ZstdInputStreamNoFinalizer in = new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(raw))) {
                    return in.readAllBytes();
                }
            }
            return raw;
        }

        private static String readLine(InputStream in) throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    return null;
                }
                if (b != '\r') {
                    line.write(b);
                }
            }
            return line.toString(StandardCharsets.ISO_8859_1);
        }

        private static byte[] readFully(InputStream in, int length) throws IOException {
            byte[] bytes = in.readNBytes(length);
            if (bytes.length < length) {
                throw new EOFException();
            }
            return bytes;
        }

        private static byte[] readChunks(InputStream in) throws IOException {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            while (true) {
                String line = readLine(in);
                if (line == null) {
                    throw new EOFException();
                }
                int size = Integer.parseInt(line.split(";")[0].trim().toLowerCase(Locale.ROOT), 16);
                body.write(readFully(in, size));
                readLine(in);
                if (size == 0) {
                    return body.toByteArray();
                }
            }
        }
    }

    /** A request that waits for what the server does about it. */
    public static final class Exchange {
        private final Request request;
        private final Socket connection;
        private final LoopbackServer server;

        Exchange(Request request, Socket connection, LoopbackServer server) {
            this.request = request;
            this.connection = connection;
            this.server = server;
        }

        /** The request. */
        public Request request() {
            return request;
        }

        /** The raw way back. */
        public OutputStream out() throws IOException {
            return connection.getOutputStream();
        }

        /** Waits until the server is closed, or so long. */
        public void pause(long millis) throws InterruptedException {
            server.closed.await(millis, TimeUnit.MILLISECONDS);
        }

        /** Sends a whole answer. */
        public void answer(int status, String body, String... headers) throws IOException {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Whatever\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            all.write(bytes);
            out().write(all.toByteArray());
            out().flush();
        }

        /** Closes the connection politely. */
        public void close() throws IOException {
            connection.close();
        }

        /** Closes the connection with a reset. */
        public void reset() throws IOException {
            connection.setSoLinger(true, 0);
            connection.close();
        }
    }

    /** What a server does about a request. */
    @FunctionalInterface
    public interface Behaviour {
        /** Does it. */
        void respond(Exchange exchange) throws IOException, InterruptedException;

        /** 200 and an empty JSON object. */
        static Behaviour ok() {
            return status(200, "{}");
        }

        /** This status, body and headers ({@code "Name: value"}). */
        static Behaviour status(int status, String body, String... headers) {
            return exchange -> exchange.answer(status, body, headers);
        }

        /** 200 after a while. */
        static Behaviour okAfter(long millis) {
            return exchange -> {
                exchange.pause(millis);
                exchange.answer(200, "{}");
            };
        }

        /** Never answers. */
        static Behaviour hang() {
            return exchange -> exchange.pause(60_000);
        }

        /** Closes without an answer. */
        static Behaviour close() {
            return Exchange::close;
        }

        /** Resets without an answer. */
        static Behaviour reset() {
            return Exchange::reset;
        }

        /** Promises 1,000 bytes, sends a few and resets. */
        static Behaviour resetMidBody() {
            return exchange -> {
                exchange.out()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"par"
                                .getBytes(StandardCharsets.UTF_8));
                exchange.out().flush();
                exchange.pause(50);
                exchange.reset();
            };
        }

        /** Sends an answer without an end, one byte each 20 ms. */
        static Behaviour drip() {
            return exchange -> {
                exchange.out()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < 3000; i++) {
                    exchange.out().write(' ');
                    exchange.out().flush();
                    exchange.pause(20);
                }
            };
        }

        /** 200 with a body of so many bytes, in chunks, without saying how many. */
        static Behaviour body(int bytes) {
            return exchange -> {
                exchange.out()
                        .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                byte[] chunk = new byte[64 * 1024];
                Arrays.fill(chunk, (byte) ' ');
                for (int sent = 0; sent < bytes; sent += chunk.length) {
                    exchange.out().write((Integer.toHexString(chunk.length) + "\r\n").getBytes(StandardCharsets.UTF_8));
                    exchange.out().write(chunk);
                    exchange.out().write("\r\n".getBytes(StandardCharsets.UTF_8));
                }
                exchange.out().write("0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                exchange.out().flush();
            };
        }
    }
}
