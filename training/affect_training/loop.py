"""One training loop for all networks: averaged weights, a cosine by the clock, weight decay where it belongs."""
import copy
import math
import os
import time

import torch


class Average:
    """Exponential average of weights and statistics; works at every `every`th step."""

    def __init__(self, net, decay, every=1):
        self.net, self.decay, self.every, self.steps = copy.deepcopy(net).eval(), decay, every, 0

    @torch.no_grad()
    def update(self, net):
        self.steps += 1
        if self.steps % self.every:
            return
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps)) ** self.every
        mine, new = [], []
        for a, b in zip(self.net.state_dict().values(), net.state_dict().values()):
            if b.dtype.is_floating_point:
                mine.append(a)
                new.append(b)
            else:
                a.copy_(b)
        torch._foreach_lerp_(mine, new, 1 - keep)


def quick(net):
    """net, compiled, its convolutions in bfloat16, for the float phase of a training: two and a half times as
    fast where the processor multiplies bfloat16. Weights, gradients and losses stay float; integers need them."""
    compiled = torch.compile(net)

    def run(x):
        with torch.autocast('cpu', torch.bfloat16):
            out = compiled(x)
        return {k: v.float() for k, v in out.items()}
    return run


def rate(done, peak, warm=0.03, floor=0.003):
    """Learning rate when this part of the time (0..1) is spent: warm-up, then a cosine down to floor × peak."""
    if done < warm:
        return peak * done / warm
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warm) / (1 - warm)))))


def groups(net, decay):
    """Weight decay on convolutions' weights only."""
    return [dict(params=[p for p in net.parameters() if p.ndim > 1 and p.requires_grad], weight_decay=decay),
            dict(params=[p for p in net.parameters() if p.ndim <= 1 and p.requires_grad], weight_decay=0.0)]


def save(state, path):
    """Whole or not at all."""
    torch.save(state, path + '.new')
    os.replace(path + '.new', path)


class Log:
    """Lines with the minutes since the start, on standard output and in a file."""

    def __init__(self, path):
        self.start, self.file = time.time(), open(path, 'a')

    def __call__(self, *text):
        line = f'{(time.time() - self.start) / 60:6.2f} ' + ' '.join(map(str, text))
        print(line, flush=True)
        self.file.write(line + '\n')
        self.file.flush()


def phase(net, batch, loss_of, minutes, peak, decay, path, log, brief, names, clip=10.0, every=300):
    """Trains for so many minutes of the clock; returns the averaged network.

    batch() gives inputs and truth, loss_of(outputs, truth) the loss and its parts, called `names`. The averaged
    network goes to `path` every `every` seconds and at the end; brief(network) measures it for the log.
    """
    opt = torch.optim.AdamW(groups(net, 0.02), lr=peak, betas=(0.9, 0.98))
    mean, begin, saved, sums, step = Average(net, decay), time.time(), time.time(), torch.zeros(1 + len(names)), 0
    title = os.path.splitext(os.path.basename(path))[0]
    run = quick(net) if net.mode == 'float' else net
    while (done := (time.time() - begin) / (60 * minutes)) < 1:
        for g in opt.param_groups:
            g['lr'] = rate(done, peak)
        net.train()
        x, truth = batch()
        loss, parts = loss_of(run(x.contiguous(memory_format=torch.channels_last)), truth)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        opt.step()
        mean.update(net)
        sums += torch.stack([v.detach() for v in (loss, *parts)])
        step += 1
        if step % 200 == 0:
            log(title, step, ' '.join(f'{n} {v:.4f}' for n, v in zip(('loss', *names), (sums / 200).tolist())))
            sums.zero_()
        if time.time() - saved > every:
            saved = time.time()
            save(mean.net.state_dict(), path)
            log(title, brief(mean.net))
    save(mean.net.state_dict(), path)
    return mean.net
