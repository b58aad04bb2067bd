// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import reactor.blockhound.BlockHound;
import reactor.blockhound.BlockingMethod;
import reactor.blockhound.BlockingOperationError;

/**
 * Watches every test of every module for blocking calls on threads that must not block. Found by JUnit by itself. Such a
 * call fails its test at the test's end, with the stack of the call. It does not fail where it is made: guarded code could
 * hide it there, and an error thrown out of a parking thread leaves the lock it waits for broken for every test after.
 */
public final class BlockHoundGuard implements BeforeAllCallback, AfterEachCallback {
    private static final Queue<BlockingOperationError> VIOLATIONS = new ConcurrentLinkedQueue<>();

    static {
        BlockHound.builder()
                .loadIntegrations()
                .blockingMethodCallback(BlockHoundGuard::report)
                // Loads a class the first time it is used, from any thread.
                .allowBlockingCallsInside("java.lang.ClassLoader", "loadClass")
                .allowBlockingCallsInside("java.lang.invoke.MethodHandleNatives", "linkCallSite")
                .allowBlockingCallsInside("java.lang.invoke.MethodHandleNatives", "linkMethod")
                // The timer queue of Reactor's schedulers, whose offer and take Reactor itself allows: the same lock.
                .allowBlockingCallsInside("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "remove")
                // Netty's allocator: a lock for moments, when two event loops come for new chunks at the same time.
                .allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate")
                .install();
    }

    private static void report(BlockingMethod method) {
        VIOLATIONS.add(new BlockingOperationError(method));
    }

    /** Takes away what was found so far, for the one test that provokes it. */
    public static List<BlockingOperationError> takeViolations() {
        List<BlockingOperationError> taken = new ArrayList<>();
        for (BlockingOperationError found = VIOLATIONS.poll(); found != null; found = VIOLATIONS.poll()) {
            taken.add(found);
        }
        return taken;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        // Loading this class installs the agent.
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<BlockingOperationError> found = takeViolations();
        if (!found.isEmpty()) {
            throw new AssertionError(found.size() + " blocking call(s) on a non-blocking thread", found.get(0));
        }
    }
}
