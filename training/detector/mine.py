"""Finds the hard ones among the training's face-free photos: those in which a checkpoint sees a face.

    mine.py --pack DIR --checkpoint FILE [--mode float] [--least 0.5]

Writes DIR/hard.npy, the rows of the pack that Crops then draws more often. Only pictures that are trained on.
"""
import argparse
import os

import cv2
import numpy as np
import torch

from data import Pictures, TRAIN
from evaluate import detect, load


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pack', required=True)
    p.add_argument('--checkpoint', required=True)
    p.add_argument('--mode', default='float', choices=['float', 'qat', 'exact'])
    p.add_argument('--least', type=float, default=0.5)
    a = p.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    net, pics = load(a.checkpoint, a.mode, a.pack), Pictures(a.pack)
    ids = pics.select('negatives', TRAIN)
    best = np.array([max(detect(net, pics.picture(i), 640)[:, 4], default=0.0) for i in ids])
    np.save(os.path.join(a.pack, 'hard.npy'), ids[best >= a.least])
    print(f'{(best >= a.least).sum()} of {len(ids)} at {a.least} or more; '
          + ', '.join(f'{(best >= t).sum()} at {t}' for t in (.3, .5, .6, .65, .7)))


if __name__ == '__main__':
    main()
