// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.crac;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import reactor.core.Disposable;

/**
 * What is told of checkpoints and restores. On a JVM without them it is registered and never told.
 *
 * <p>Threads: any; told by the thread that makes the checkpoint, which may block.
 */
public final class CheckpointResource implements Resource, Disposable {
    /** The JVM holds resources weakly, and an application may hold no more of ours than a tracer. */
    static final Set<CheckpointResource> REGISTERED = ConcurrentHashMap.newKeySet();

    private final Runnable close;
    private final Runnable renew;

    private CheckpointResource(Runnable close, Runnable renew) {
        this.close = close;
        this.renew = renew;
    }

    /**
     * Registers two actions until what is returned is disposed: {@code close} runs before each checkpoint, which it
     * prevents by throwing, and {@code renew} after each restore, or after a checkpoint that failed.
     */
    public static Disposable register(Runnable close, Runnable renew) {
        return register(Core.getGlobalContext(), close, renew);
    }

    static CheckpointResource register(Context<Resource> context, Runnable close, Runnable renew) {
        CheckpointResource resource = new CheckpointResource(close, renew);
        REGISTERED.add(resource);
        context.register(resource);
        return resource;
    }

    @Override
    public void beforeCheckpoint(Context<? extends Resource> context) {
        if (!isDisposed()) {
            close.run();
        }
    }

    @Override
    public void afterRestore(Context<? extends Resource> context) {
        if (!isDisposed()) {
            renew.run();
        }
    }

    @Override
    public void dispose() {
        REGISTERED.remove(this);
    }

    @Override
    public boolean isDisposed() {
        return !REGISTERED.contains(this);
    }
}
