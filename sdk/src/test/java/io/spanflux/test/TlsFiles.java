// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** A key and a self-signed certificate, made by the JDK's own keytool for one test run, so that none lies in a repository. */
public final class TlsFiles {
    private static final String PASSWORD = "test-only";

    private final Path folder;
    private final String name;

    private TlsFiles(Path folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    /** Files for a certificate with this host name. */
    public static TlsFiles create(Path folder, String host) {
        TlsFiles files = new TlsFiles(folder, host);
        files.generate(host);
        return files;
    }

    private void generate(String host) {
        keytool(List.of(
                "-genkeypair",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-alias",
                "test",
                "-dname",
                "CN=" + host,
                "-ext",
                "san=dns:" + host,
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                keyStore().toString(),
                "-storepass",
                PASSWORD));
        try {
            KeyStore store = load();
            writePem(certificate(), "CERTIFICATE", store.getCertificate("test").getEncoded());
            writePem(
                    key(),
                    "PRIVATE KEY",
                    store.getKey("test", PASSWORD.toCharArray()).getEncoded());
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void writePem(Path file, String label, byte[] der) throws IOException {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        Files.writeString(file, "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
    }

    private static void keytool(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(arguments);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IllegalStateException(output);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path keyStore() {
        return folder.resolve(name + ".p12");
    }

    /** The certificate, PEM. */
    public Path certificate() {
        return folder.resolve(name + ".crt.pem");
    }

    /** The private key, PEM (PKCS#8). */
    public Path key() {
        return folder.resolve(name + ".key.pem");
    }

    private KeyStore load() {
        try (InputStream in = Files.newInputStream(keyStore())) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD.toCharArray());
            return store;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Server sockets that show this certificate and, if {@code client} is not null, demand that one. */
    public ServerSocketFactory serverSockets(TlsFiles client) {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(load(), PASSWORD.toCharArray());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry(
                    "client", (client == null ? this : client).load().getCertificate("test"));
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return new Demanding(context.getServerSocketFactory(), client != null);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Demanding extends ServerSocketFactory {
        private final SSLServerSocketFactory delegate;
        private final boolean clientCertificate;

        Demanding(SSLServerSocketFactory delegate, boolean clientCertificate) {
            this.delegate = delegate;
            this.clientCertificate = clientCertificate;
        }

        private ServerSocket demanding(ServerSocket socket) {
            ((SSLServerSocket) socket).setNeedClientAuth(clientCertificate);
            return socket;
        }

        @Override
        public ServerSocket createServerSocket(int port) throws IOException {
            return demanding(delegate.createServerSocket(port));
        }

        @Override
        public ServerSocket createServerSocket(int port, int backlog) throws IOException {
            return demanding(delegate.createServerSocket(port, backlog));
        }

        @Override
        public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
            return demanding(delegate.createServerSocket(port, backlog, address));
        }
    }
}
